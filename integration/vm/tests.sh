#!/bin/sh
# Runs in the machine, as its first process after init: all tests of the library's packages and the core of those in integration, or
# those in the arguments. Then it ends the machine.
# usage: tests.sh DIRECTORY [PACKAGE PATTERN | worlds PATTERN]
build=$1
top=$(cd "$(dirname "$0")/../.." && pwd)
# The tests that meet most of the kernel. A new test runs here, too, if its name matches and CORE in the Makefile has its package.
core='^Test(Loopback|Ping|Addresses|NamespaceIs|Delete$|ExecSys|ExecMounts|ExecBecomes|Mount|Pinned|Others|Older|Recover|Unmounted|CreateIn|BothWays|Dead|BothKilled|Identify$)'
# The worlds that show most about the kernel.
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

# run PACKAGE PATTERN: prints each result at once, and the whole output if a test fails.
run() {
	begin=$(now)
	name=$(basename "$1")
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

# The table of docs/worlds.md, in some worlds, without monitor, because the program gives it only 0.4 s to start. The program names the
# worlds that it skips, because the kernel cannot have them.
run_worlds() {
	echo "vm: worlds"
	"$build/worlds" -binary "$NETNS_TEST_BINARY" -jobs 2 -verb '^[^m]' -only "$worlds" 2>&1 || failed="$failed worlds"
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
	for package in rollback persist stages holders .; do run $package .; done
	for binary in "$build"/*.test; do
		package=integration/$(basename "$binary" .test)
		if test -d "$top/$package"; then run "$package" "$core"; fi
	done
	run_worlds
fi
if test -z "$failed"; then
	echo "vm: passed on Linux $(uname -r) in $(now) s"
else
	echo "vm: failed:$failed"
fi
echo o >/proc/sysrq-trigger
sleep 60
