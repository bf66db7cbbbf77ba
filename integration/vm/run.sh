#!/bin/sh
# Boots the kernel of Debian 12 in an emulated machine, and runs the core of the tests there.
# usage: run.sh DIRECTORY [PACKAGE PATTERN | worlds PATTERN], as root; DIRECTORY has the test binaries of go test -c; no space in PATTERN
#
# The machine sees this machine's root directory, so it has the same tools. It writes to a layer in its memory, which ends with
# it. The script installs only qemu and busybox, and unpacks the kernel's package in DIRECTORY.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$1" && pwd)
shift
seconds=900 # the limit of the machine's life
memory=2G
# The modules that the machine needs to see the root directory, in the order of their dependencies. The root directory has the others.
modules="virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci fuse virtiofs overlay"

die() {
	echo "vm: $*" >&2
	exit 1
}

install_tools() {
	if command -v qemu-system-x86_64 && command -v busybox && ! ldd "$(command -v busybox)"; then
		return
	fi >/dev/null 2>&1
	echo "vm: installing qemu-system-x86 and busybox-static (20 MB to download)"
	export DEBIAN_FRONTEND=noninteractive
	apt-get -qq update
	apt-get -qq install --no-install-recommends qemu-system-x86 busybox-static >"$build/apt.log" 2>&1 || die "$(cat "$build/apt.log")"
}

# linux-image-cloud-amd64 depends on the real package, whose name has the version.
fetch_kernel() {
	if test -d "$build/kernel"; then return; fi
	package=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/^ *Depends: \(linux-image-[^ ]*\)$/\1/p')
	test -n "$package" || die "apt knows no linux-image-cloud-amd64; it needs the package lists of Debian"
	echo "vm: fetching $package (26 MB)"
	rm -rf "$build/new"
	mkdir "$build/new"
	(cd "$build/new" && apt-get -qq -o APT::Sandbox::User=root download "$package" && dpkg -x ./*.deb . && rm ./*.deb)
	busybox depmod -b "$build/new" "${package#linux-image-}"
	mv "$build/new" "$build/kernel"
}

make_initramfs() {
	rm -rf "$build/initramfs"
	mkdir -p "$build/initramfs/bin" "$build/initramfs/dev" "$build/initramfs/root" "$build/initramfs/modules"
	cp "$(command -v busybox)" "$build/initramfs/bin"
	cp "$here/init" "$build/initramfs"
	echo "$modules" >"$build/initramfs/modules/order"
	for module in $modules; do
		find "$build/kernel/lib/modules" -name "$module.ko" -exec cp {} "$build/initramfs/modules" \;
	done
	echo "/bin/sh $here/tests.sh $build $*" >"$build/initramfs/command"
	(cd "$build/initramfs" && find . | busybox cpio -o -H newc) >"$build/initramfs.cpio" 2>/dev/null
}

# The daemon ends with the machine. It serves a read-only mount, and has its own /run for its PID file.
serve_root() {
	rm -f "$build/root.sock"
	mkdir -p "$build/root"
	unshare --mount sh -ec 'mount --bind / "$1/root"; mount -o remount,bind,ro "$1/root"
		mount -t tmpfs tmpfs /run
		exec /usr/lib/qemu/virtiofsd --socket-path="$1/root.sock" -o source="$1/root",cache=always,sandbox=chroot' \
		sh "$build" >"$build/virtiofsd.log" 2>&1 &
	daemon=$!
	trap 'kill $daemon 2>/dev/null || true' EXIT
	for _ in $(seq 200); do
		if test -S "$build/root.sock"; then return; fi
		sleep 0.1
	done
	die "virtiofsd does not start: $(cat "$build/virtiofsd.log")"
}

# Without KVM, so that it is the same everywhere; in virtual hosts, KVM may fail.
boot() {
	timeout --foreground -k 5 $seconds qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp 2 -m $memory \
		-object memory-backend-memfd,id=memory,size=$memory,share=on -numa node,memdev=memory \
		-chardev socket,id=root,path="$build/root.sock" -device vhost-user-fs-pci,chardev=root,tag=host \
		-kernel "$build"/kernel/boot/vmlinuz-* -initrd "$build/initramfs.cpio" \
		-append "console=ttyS0 quiet no_timer_check panic=-1" -no-reboot \
		-display none -monitor none -serial stdio -nic none </dev/null
}

test "$(id -u)" = 0 || die "needs root"
install_tools
fetch_kernel
make_initramfs "$@"
serve_root
boot | tee "$build/console.log"
grep -q '^vm: passed' "$build/console.log" || die "failed, or not ended after $seconds s"
