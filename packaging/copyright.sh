# Prints the licences of netns and of all that is linked into it, with where its source is. For make, with GO and TAGS.
set -eu

# Of each module, the path, the version and where it is.
modules=$($GO list -deps -tags "$TAGS" -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}' \
    ./cmd/netns | LC_ALL=C sort -u)
test -n "$modules"

# part prints a heading and what is in files.
part() {
    printf '\n%s\n\n' "=== $1"
    shift
    cat -- "$@"
}

cat <<END
netns, https://github.com/netns-go/netns, is under the Apache License 2.0, the first text below. The binary also contains
the modules and the Go runtime that follow, each with its licence.

END
echo "$modules" | while read -r path version dir; do
    if grep -q 'Mozilla Public License' "$dir/LICENSE"; then
        echo "$path $version is under the Mozilla Public License 2.0, and not modified."
    else
        echo "$path $version"
    fi
    echo "    Its source: go mod download $path@$version, or https://proxy.golang.org/$path/@v/$version.zip"
done

part "netns" LICENSE
echo "$modules" | while read -r path version dir; do
    part "$path $version" $(find "$dir" -maxdepth 1 -type f \
        \( -name 'LICENSE*' -o -name 'COPYING*' -o -name 'NOTICE*' -o -name 'PATENTS*' \) | LC_ALL=C sort)
done
# Distributions keep it elsewhere; x/sys is by the same authors under the same licence.
licence=$($GO env GOROOT)/LICENSE
test -e "$licence" || licence=$(echo "$modules" | sed -n 's,^golang.org/x/sys [^ ]* ,,p')/LICENSE
part "The Go runtime and standard library, https://go.dev" "$licence"
