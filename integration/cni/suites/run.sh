#!/bin/sh
# Runs test suites of the CNI project's plugins, each in its own mount, PID and network namespace. This module makes the suites' network
# namespaces. make calls it in the directory above.
set -eu
go=${GO:-go}
plugins=github.com/containernetworking/plugins
root=$(cd ../.. && pwd)
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp -r "$("$go" list -m -f '{{.Dir}}' $plugins)" "$copy/plugins"
chmod -R u+w "$copy/plugins"
cp suites/netns_linux.go.txt "$copy/plugins/pkg/testutils/netns_linux.go"
cp go.mod go.sum "$copy/"
"$go" mod edit -replace "$plugins=$copy/plugins" -replace "github.com/netns-go/netns=$root" \
	-replace "github.com/netns-go/netns/cnicompat=$root/cnicompat" "$copy/go.mod"
here=$PWD
cd "$root"
for suite in pkg/ns pkg/ip; do
	$PROGRESS -C "$here" test -json -count=1 -modfile "$copy/go.mod" -exec "$here/suites/apart.sh" "$plugins/$suite" "$@"
done
