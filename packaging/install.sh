# install.sh install|uninstall: for make, whose variables name the places of the files, each below DESTDIR.
set -eu
DESTDIR=${DESTDIR%/}

# each calls a function for every file, with the file's mode, source and place.
each() {
    $1 755 "$BINARY" "$BINDIR/netns"
    $1 644 "$BUILD"/netns.8.gz "$MANDIR/man8/netns.8.gz"
    $1 644 "$BUILD"/copyright "$DOCDIR/copyright"
    $1 644 README.md "$DOCDIR/README.md"
    $1 644 CHANGELOG.md "$DOCDIR/CHANGELOG.md"
    $1 644 SECURITY.md "$DOCDIR/SECURITY.md"
    for doc in netns.md ip-netns.md api.md consumers.md json-schema.json faults.md performance.md worlds.md; do
        $1 644 "docs/$doc" "$DOCDIR/docs/$doc"
    done
    $1 644 cmd/netns/internal/shell/scripts/netns.bash "$BASHDIR/netns"
    $1 644 cmd/netns/internal/shell/scripts/netns.zsh "$ZSHDIR/_netns"
    $1 644 cmd/netns/internal/shell/scripts/netns.fish "$FISHDIR/netns.fish"
    $1 644 packaging/tmpfiles.conf "$TMPFILESDIR/netns.conf"
}

check() {
    test -e "$2" || {
        echo "make install: $2 is not built: run make first, as the user who built $BINARY" >&2
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

# stays reports whether to leave a directory even if it is empty. On a machine, directories that other packages share stay:
# without bin, a later cp to it would make a file.
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
