#!/bin/sh
# Fails where the API has changed, since the tag or commit that packaging/api-base names, so that a program which compiled
# would not any more. Who means it says so in CHANGELOG.md and names the next commit. Called by make, in the root.
set -eu
go=${GO:-go}
apidiff="golang.org/x/exp/cmd/apidiff@v0.0.0-20261014143641-f0251eb4aa3e"
base=$(cat packaging/api-base)
if ! git cat-file -e "$base^{commit}" && ! git fetch --quiet --unshallow; then
	echo "apidiff: this needs the history, as far as $base" >&2
	exit 1
fi
old=$(mktemp -d)
trap 'rm -rf "$old"' EXIT
git archive "$base" | tar -x -C "$old"
module=$("$go" list -m)
changed=
for package in "$module" "$module/holders" "$module/stages" "$module/persist" "$module/rollback"; do
	(cd "$old" && "$go" run "$apidiff" -w old.api "$package")
	report=$("$go" run "$apidiff" -incompatible "$old/old.api" "$package")
	test -z "$report" || { printf '%s:\n%s\n' "$package" "$report"; changed=yes; }
done
test -z "$changed" || { echo "apidiff: not compatible with $base"; exit 1; }
