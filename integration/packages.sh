# packages.sh TARGET: prints what a target of the Makefile needs, and installs the Debian packages of missing programs.
set -eu
PATH=$PATH:/usr/sbin:/sbin

# The programs and files that the tests use, each with its package.
needs='ip:iproute2 ping:iputils-ping sysctl:procps strace:strace setpriv:util-linux bash:bash
	/usr/share/bash-completion/bash_completion:bash-completion'
cgo='gcc:gcc /usr/include/stdio.h:libc6-dev'
takes='root'
case $1 in
test) takes="up to five minutes on two cores, and root" ;;
race) needs="$needs $cgo" ;;
test-all)
	takes="a quarter of an hour on two cores, and root"
	needs="$needs $cgo /usr/bin/python3:python3 jsonschema:python3-jsonschema zsh:zsh fish:fish man:man-db mandoc:mandoc
		runc:runc crun:crun podman:podman bwrap:bubblewrap /usr/lib/cni/bridge:containernetworking-plugins
		slirp4netns:slirp4netns pasta:passt"
	;;
esac

missing=
for need in $needs; do
	command -v "${need%:*}" >/dev/null || test -e "${need%:*}" || missing="$missing ${need#*:}"
done
echo "make $1 takes $takes. Packages to install:${missing:- none}."
test -n "$missing" || exit 0

export DEBIAN_FRONTEND=noninteractive
test "$(id -u)" = 0 && sudo= || sudo='sudo -E'
log=$(mktemp)
trap 'rm -f "$log"' EXIT
quietly() {
	$sudo "$@" >"$log" 2>&1 </dev/null || { cat "$log"; exit 1; }
}
echo "apt-get update"
quietly apt-get update
install="apt-get install -y --no-install-recommends $missing"
$sudo $install --assume-no </dev/null 2>&1 | grep -E '^(Need to get|After this)' || true
echo "$install"
quietly $install
