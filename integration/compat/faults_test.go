package compat

import (
	"fmt"
	"strings"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

// Faults of ip netns that netns does not have. Other tests show more of them, for both tools:
//
//	the run directory doubled in a shared /run        TestSideBySide, "ip netns add: no run directory in a shared /run"
//	a symbolic link deleted through                   TestSideBySide, "ip netns delete: a symbolic link"
//	-all delete ends at the first failure, with 0     TestSideBySide, "ip -all netns delete: one fails"
//	-all exec runs twice after a stale file           TestSideBySide, "ip -all netns exec: a stale file"
//	-all exec hides the command's failure             TestSideBySide, "ip -all netns exec: the command fails"
//	-j without a run directory prints no JSON         TestSideBySide, "ip -json netns list: no run directory"
//	pids of a stale file succeeds and prints nothing  TestSideBySide, "ip netns pids: a stale file"; TestPidsErrors
//	a newline in a name makes two lines               TestSideBySide, "ip netns list: a name that is not printable"
//	monitor holds its output back                     TestSideBySide, "ip netns monitor: each change"
//	monitor reports add before the mount              TestSideBySide, "ip netns monitor: a file without a namespace"
//	delete does not report holders                    TestDeleteWarns
//	pids leaves out threads, descriptors and mounts   TestHolders
//	identify prints one of several names              TestIdentify

// mended logs that the machine's ip, newer than 6.1, lacks a fault. That is not a failure of netns.
func mended(t *testing.T, has bool, fault string) {
	t.Helper()
	if !has {
		t.Logf("this ip does not have the fault any more: %s (%s)", fault, world.Run(t, "ip", "-V").Stdout)
	}
}

// Killed in the middle, ip leaves a file that no add, exec or attach can use. If netns leaves anything, the next create repairs it.
func TestIPEndedInTheMiddle(t *testing.T) {
	for _, test := range []struct{ verb, ip, netns string }{
		{"add", "trace=unshare -e inject=unshare:signal=KILL", "trace=unshare -e inject=unshare:signal=KILL"},
		// The child of netns mounts the second name.
		{"add", "trace=mount -P /run/netns/a -e inject=mount:signal=KILL", "trace=mount -e inject=mount:signal=KILL:when=2"},
		{"del", "trace=unlink -e inject=unlink:signal=KILL", "trace=unlinkat -e inject=unlinkat:signal=KILL:when=1"},
	} {
		t.Run(test.ip, func(t *testing.T) {
			world.Clean(t)
			world.Creatable(t, "first")
			if test.verb == "del" {
				world.Netns(t, "create", "-q", "a", "b")
			}
			if r := world.Sh(t, "strace -f -o /dev/null -e "+test.ip+" ip netns "+test.verb+" a"); r.Code == 0 {
				t.Error(r)
			}
			left := strings.HasPrefix(inRunDir(t), "a: file")
			if mended(t, left, "it leaves a stale file"); left {
				world.Sh(t, "ip netns add a").Want(t, 1, "File exists")
				world.Sh(t, "ip netns attach a 1").Want(t, 1, "File exists")
				world.Sh(t, "ip netns exec a true").Want(t, 255, "Invalid argument")
				world.Run(t, "netns", "exec", "a", "true").Want(t, 125, "exec a: /run/netns/a: exists: ", "; ", "netns delete")
			}
			world.EmptyRunDir(t)
			if test.verb == "del" {
				world.Netns(t, "create", "-q", "a", "b")
			}
			if r := world.Sh(t, "strace -f -o /dev/null -e "+test.netns+" netns "+test.verb+" a b"); r.Code == 0 {
				t.Error(r)
			}
			if left := inRunDir(t); left != "" && test.verb == "add" {
				t.Errorf("left: %s", left)
			}
			world.Netns(t, "create", "-q", "a")
			world.Netns(t, "exec", "a", "true")
			world.Netns(t, "delete", "--all")
		})
	}
}

// Without a descriptor for its own namespace, ip leaves a stale file. netns makes all or nothing, however few descriptors it may have.
func TestIPOutOfDescriptors(t *testing.T) {
	world.Clean(t)
	world.Creatable(t, "first")
	r := world.Sh(t, "strace -o /dev/null -P /proc/self/ns/net -e trace=openat -e inject=openat:error=EMFILE ip netns add a")
	mended(t, r.Code == 1 && inRunDir(t) == "a: file", "out of descriptors, it leaves a stale file")
	world.EmptyRunDir(t)
	for _, n := range []int{4, 6, 8, 10, 12} {
		r := world.Sh(t, fmt.Sprintf("ulimit -n %d; exec setpriv --bounding-set=-sys_resource netns add a", n))
		if left := inRunDir(t); left != "" && r.Code != 0 || left != "a: up" && r.Code == 0 {
			t.Errorf("with %d: left %q by %v", n, left, r)
		}
		world.EmptyRunDir(t)
	}
}

// If ip cannot return to its namespace, it fails, and the new namespace stays.
func TestIPFailsToReturn(t *testing.T) {
	world.Clean(t)
	world.Creatable(t, "first")
	const noReturn = "strace -f -o /dev/null -e trace=setns -e inject=setns:error=EPERM "
	r := world.Sh(t, noReturn+"ip netns add a")
	mended(t, r.Code != 0 && inRunDir(t) == "a: down", "it fails and leaves a namespace")
	world.EmptyRunDir(t)
	r = world.Sh(t, noReturn+"netns add a")
	if made := inRunDir(t) == "a: up"; made != (r.Code == 0) {
		t.Errorf("made: %t, %v", made, r)
	}
	world.EmptyRunDir(t)
}

// slow runs a command under strace, which delays the command's bind mount, and another command meanwhile.
func slow(t *testing.T, inject, command, meanwhile string) (slowly, other world.Result) {
	t.Helper()
	done := make(chan world.Result)
	go func() {
		done <- world.Sh(t, "strace -f -o /dev/null -e trace=mount -e inject=mount:delay_enter=500000"+inject+" "+command)
	}()
	world.Until(t, func() bool { return len(world.Files(t, "/run/netns")) > 0 })
	other = world.Sh(t, meanwhile)
	return <-done, other
}

// If other commands delete and make the same name meanwhile, a slow ip mounts a second namespace over theirs, or deletes theirs when it
// fails. Other commands wait for a slow netns.
func TestIPSlowBesideAnother(t *testing.T) {
	const file = " -P /run/netns/a"
	for _, failure := range []string{"", ":error=ENOMEM"} {
		t.Run(failure, func(t *testing.T) {
			world.Clean(t)
			world.Creatable(t, "first")
			slow(t, failure+file, "ip netns add a", "ip netns del a && ip netns add a")
			if failure == "" {
				stacked := len(world.Mounts(t, "/run/netns/a")) == 2
				if mended(t, stacked, "two namespaces are mounted on one name"); stacked {
					world.Run(t, "ip", "netns", "del", "a").Want(t, 1, "Device or resource busy")
				}
			} else {
				mended(t, inRunDir(t) == "", "it deletes another's namespace")
			}
			world.EmptyRunDir(t)
			slowly, other := slow(t, failure+":when=2", "netns add a b", "netns delete --if-exists a && netns add a")
			if other.Want(t, 0); (slowly.Code == 0) != (failure == "") {
				t.Error(slowly)
			}
			want := map[string]string{"": "a: up; b: up", ":error=ENOMEM": "a: up"}[failure]
			if got := inRunDir(t); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			world.Netns(t, "delete", "--all")
		})
	}
}

// When ip makes the run directory a mount, an older namespace is also hidden below it, and busy for good. For netns see
// TestMountsFromBeforeTheRunDirectoryWasOne.
func TestIPHidesWhatIsMounted(t *testing.T) {
	world.Clean(t)
	early := world.RemoveRunDir + "; mkdir /run/netns; touch /run/netns/early; unshare --net=/run/netns/early true"
	world.Sh(t, early).Want(t, 0)
	world.Run(t, "ip", "netns", "add", "later").Want(t, 0)
	r := world.Run(t, "ip", "netns", "del", "early")
	if !world.Shared() { // in a shared /run, the mount in the new directory reaches the hidden one as well
		mended(t, r.Code == 1 && strings.Contains(r.Stderr, "Device or resource busy"), "a hidden mount keeps the name")
	}
	world.Sh(t, "umount -R /run/netns; umount -q /run/netns/early; rm -r /run/netns").Want(t, 0)

	world.Sh(t, early).Want(t, 0)
	world.Netns(t, "create", "-q", "later")
	world.Netns(t, "delete", "early", "later")
}

// In a mount namespace with private mounts, ip silently makes a namespace that other mount namespaces see as a stale file. The
// file of netns tells where the namespace is mounted, and create, add and attach warn on standard error.
// TestCreateInAnotherMountNamespace has the rest.
func TestIPAddInPrivateMounts(t *testing.T) {
	world.Clean(t)
	world.Creatable(t, "first")
	const private = "unshare --mount --propagation private "
	r := world.Sh(t, private+"ip netns add a")
	mended(t, r.Code == 0 && r.Stderr == "" && inRunDir(t) == "a: file", "in private mounts it leaves a stale file silently")
	world.EmptyRunDir(t)
	world.Sh(t, private+"netns create a").Want(t, 0, "netns: warning: ", "in this mount namespace only")
	for made, quiet := range map[string]string{"add c": "-q add d", "attach --own e 1": "-q attach --own f 1"} {
		if r := world.Sh(t, private+"netns "+made).Want(t, 0, "netns: warning: ", "in this mount namespace only"); r.Stdout != "" {
			t.Error(r)
		}
		if r := world.Sh(t, private+"netns "+quiet).Want(t, 0); r.Stdout+r.Stderr != "" {
			t.Error(r)
		}
	}
	world.Start(t, world.Shell("exec "+private+"sh -c 'netns create -q b && exec sleep 60'"), "sleep")
	world.Run(t, "netns", "exec", "b", "true").Want(t, 125, "mounted in another mount namespace")
	world.Netns(t, "delete", "--force", "a", "b", "c", "d", "e", "f")
}

// Any user can open the run directory and hold its lock, and root's ip netns add waits for it.
func TestIPWaitsForAnybody(t *testing.T) {
	world.Clean(t)
	world.Creatable(t, "first")
	world.Start(t, world.Command(world.AsNobody("flock", "--no-fork", "/run/netns", "sleep", "60")...), "sleep")
	r := world.Sh(t, "timeout 0.5 ip netns add a")
	mended(t, r.Code == 124 && inRunDir(t) == "", "it waits for a lock that an ordinary user holds")
	world.EmptyRunDir(t)
	world.Netns(t, "add", "a")
	world.Netns(t, "delete", "a")
}

// Inside ip netns exec, the mounts below /sys are gone.
func TestIPExecLosesMounts(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "-q", "a")
	defer world.Netns(t, "delete", "a")
	list := func(exec string) string {
		return world.Sh(t, `unshare --mount sh -c '
			mount -t tmpfs none /sys/fs/cgroup && touch /sys/fs/cgroup/file && mount -t bpf none /sys/fs/bpf && mkdir /sys/fs/bpf/dir &&
			`+exec+` a ls -d /sys/fs/bpf/dir /sys/fs/cgroup/file'`).Stdout
	}
	const all = "/sys/fs/bpf/dir\n/sys/fs/cgroup/file\n"
	mended(t, list("ip netns exec") != all, "exec hides cgroup and bpf")
	if got := list("netns exec"); got != all {
		t.Errorf("got %q", got)
	}
}
