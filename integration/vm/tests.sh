#!/bin/sh
# Runs in the machine, as its first process after init: all tests of the packages and the core of those of the command, or what
# the arguments say; then it ends the machine.
# usage: tests.sh DIRECTORY [PACKAGE PATTERN | worlds PATTERN]
build=$1
top=$(cd "$(dirname "$0")/../.." && pwd)
# What meets most of the kernel. A new test on one of these subjects is run, too, if its name begins so.
core='^Test(Loopback|Ping|Addresses|NamespaceIs|Delete$|ExecSys|ExecMounts|ExecBecomes|Mount|Pinned|Others|Older|Recover|Unmounted|CreateIn|BothWays|Dead|BothKilled|Identify$)'
# Those that say most about the kernel.
worlds='^(plain|container, private|hidepid, service|restarted|rootless)$'

furnish() {
	export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C CI=true NETNS_TEST_BINARY="$top/bin/netns"
	mkdir -p /lib/modules /dev/pts /dev/shm
	ln -s "$build"/kernel/lib/modules/* /lib/modules
	ln -sf "$build/initramfs/bin/busybox" /sbin/modprobe
	mount -t devpts devpts /dev/pts
	mount -t tmpfs -o mode=1777 tmpfs /dev/shm
	mount -t cgroup2 cgroup2 /sys/fs/cgroup
	stty -F /dev/console -onlcr
	ip link set lo up
}

now() { cut -d . -f 1 /proc/uptime; }

count() { grep -c -- "^--- $1" /tmp/out; }

# run PACKAGE PATTERN: each result is printed at once, and if there is a failure all that the tests said.
run() {
	begin=$(now)
	name=$1
	if test "$1" = .; then name=netns; fi
	echo "vm: $1"
	cd "$top/$1" || return
	{ "$build/$name.test" -test.short -test.v -test.run "$2" 2>&1 || echo "vm: exit code $?"; } | tee /tmp/out | grep --line-buffered '^--- '
	if grep '^vm: exit code' /tmp/out || test "$(count PASS)" = 0; then
		failed="$failed $1"
		grep -v -e '^=== ' -e '^ *--- PASS' /tmp/out
	fi
	echo "vm: $1: $(count PASS) passed, $(count SKIP) skipped, $(count FAIL) failed in $(($(now) - begin)) s"
}

# The table of docs/worlds.md, in some worlds. The program leaves out those that the kernel cannot have, and says so.
run_worlds() {
	echo "vm: worlds"
	"$build/worlds" -binary "$NETNS_TEST_BINARY" -jobs 2 -only "$worlds" 2>&1 || failed="$failed worlds"
}

furnish
uname -srvm
failed=
if test "${2-}" = worlds; then
	worlds=$3
	run_worlds
elif test $# = 3; then
	run "$2" "$3"
else
	for package in rollback persist stages .; do run $package .; done
	run integration "$core"
	if test -x "$build/worlds"; then run_worlds; fi
fi
if test -z "$failed"; then
	echo "vm: passed on Linux $(uname -r) in $(now) s"
else
	echo "vm: failed:$failed"
fi
echo o >/proc/sysrq-trigger
sleep 60
