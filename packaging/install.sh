# install.sh install|uninstall: for make, which says in variables where things go, each below DESTDIR.
set -eu
DESTDIR=${DESTDIR%/}

# each calls a function for every file, with its mode, its source and its place.
each() {
    $1 755 "$BINARY" "$BINDIR/netns"
    $1 644 "$BUILD"/netns.8.gz "$MANDIR/man8/netns.8.gz"
    $1 644 "$BUILD"/copyright "$DOCDIR/copyright"
    $1 644 README.md "$DOCDIR/README.md"
    $1 644 CHANGELOG.md "$DOCDIR/CHANGELOG.md"
    for doc in netns.md ip-netns.md api.md consumers.md json-schema.json faults.md performance.md; do
        $1 644 "docs/$doc" "$DOCDIR/docs/$doc"
    done
    $1 644 cmd/netns/scripts/netns.bash "$BASHDIR/netns"
    $1 644 cmd/netns/scripts/netns.zsh "$ZSHDIR/_netns"
    $1 644 cmd/netns/scripts/netns.fish "$FISHDIR/netns.fish"
    $1 644 packaging/tmpfiles.conf "$TMPFILESDIR/netns.conf"
}

check() {
    test -e "$2" || {
        echo "make install: $2 is not built: run make first, as the one who built $BINARY" >&2
        exit 1
    }
}

put() {
    install -D -m "$1" "$2" "$DESTDIR$3"
}

remove() {
    rm -f "$DESTDIR$3"
    dir=$(dirname "$3")
    until stays "$dir" || { test -d "$DESTDIR$dir" && ! rmdir "$DESTDIR$dir" 2>/dev/null; }; do
        dir=$(dirname "$dir")
    done
}

# stays says whether a directory is to be left though it is empty. On a machine, one that is everybody's is: where there is
# no bin, a later cp to it makes a file.
stays() {
    case $DESTDIR,$1 in
    *,/ | ,"$BINDIR" | ,"$MANDIR"* | ,*/lib | ,*/share | ,*/share/doc) true ;;
    ,/*/*) false ;;
    *) test -z "$DESTDIR" ;;
    esac
}

case $1 in
install)
    each check
    each put
    ;;
uninstall)
    each remove
    ;;
esac
