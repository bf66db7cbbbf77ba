package integration

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

// Faults of ip netns that netns does not have. Those that are not here are shown, on both sides, by
//
//	the run directory doubled in a shared /run        TestSideBySide, "ip netns add: no run directory in a shared /run"
//	a symbolic link deleted through                   TestSideBySide, "ip netns delete: a symbolic link"
//	-all delete ends at the first failure, with 0     TestSideBySide, "ip -all netns delete: one fails"
//	-all exec runs twice after a stale file           TestSideBySide, "ip -all netns exec: a stale file"
//	-all exec hides the command's failure             TestSideBySide, "ip -all netns exec: the command fails"
//	-j is no JSON where there is no run directory     TestSideBySide, "ip -json netns list: no run directory"
//	pids of a stale file says that nobody is inside   TestSideBySide, "ip netns pids: a stale file"; TestPidsErrors
//	a newline in a name makes two of it               TestSideBySide, "ip netns list: a name that is not printable"
//	monitor keeps what it has to say to itself        TestSideBySide, "ip netns monitor: each change"
//	monitor says add before the namespace is mounted  TestSideBySide, "ip netns monitor: a file without a namespace"
//	delete says nothing of what is held               TestDeleteWarns
//	pids says nothing of threads, descriptors, mounts TestHolders
//	identify says one of several names                TestIdentify

// mended logs that the machine's ip, a newer one than 6.1, lacks a fault. That is no failure of ours.
func mended(t *testing.T, has bool, fault string) {
	t.Helper()
	if !has {
		t.Logf("this ip does not have the fault any more: %s (%s)", fault, run(t, "ip", "-V").stdout)
	}
}

// Ended in the middle, ip leaves a file that no add, exec or attach can do anything with. What we leave, if anything, the
// next create repairs.
func TestIPEndedInTheMiddle(t *testing.T) {
	for _, test := range []struct{ verb, ip, netns string }{
		{"add", "trace=unshare -e inject=unshare:signal=KILL", "trace=unshare -e inject=unshare:signal=KILL"},
		// Our child mounts the second name.
		{"add", "trace=mount -P /run/netns/a -e inject=mount:signal=KILL", "trace=mount -e inject=mount:signal=KILL:when=2"},
		{"del", "trace=unlink -e inject=unlink:signal=KILL", "trace=unlinkat -e inject=unlinkat:signal=KILL:when=1"},
	} {
		t.Run(test.ip, func(t *testing.T) {
			world.Clean(t)
			creatable(t, "first")
			if test.verb == "del" {
				netns(t, "create", "-q", "a", "b")
			}
			if r := sh(t, "strace -f -o /dev/null -e "+test.ip+" ip netns "+test.verb+" a"); r.code == 0 {
				t.Error(r)
			}
			left := strings.HasPrefix(inRunDir(t), "a: file")
			if mended(t, left, "it leaves a stale file"); left {
				sh(t, "ip netns add a").want(t, 1, "File exists")
				sh(t, "ip netns attach a 1").want(t, 1, "File exists")
				sh(t, "ip netns exec a true").want(t, 255, "Invalid argument")
				run(t, "netns", "exec", "a", "true").want(t, 125, "exec a: /run/netns/a: exists: ", "; ", "netns delete")
			}
			emptyRunDir(t)
			if test.verb == "del" {
				netns(t, "create", "-q", "a", "b")
			}
			if r := sh(t, "strace -f -o /dev/null -e "+test.netns+" netns "+test.verb+" a b"); r.code == 0 {
				t.Error(r)
			}
			if left := inRunDir(t); left != "" && test.verb == "add" {
				t.Errorf("left: %s", left)
			}
			netns(t, "create", "-q", "a")
			netns(t, "exec", "a", "true")
			netns(t, "delete", "--all")
		})
	}
}

// Without a descriptor for its own namespace, ip leaves a stale file. We make all or nothing, however few there are.
func TestIPOutOfDescriptors(t *testing.T) {
	world.Clean(t)
	creatable(t, "first")
	r := sh(t, "strace -o /dev/null -P /proc/self/ns/net -e trace=openat -e inject=openat:error=EMFILE ip netns add a")
	mended(t, r.code == 1 && inRunDir(t) == "a: file", "out of descriptors, it leaves a stale file")
	emptyRunDir(t)
	for _, n := range []int{4, 6, 8, 10, 12} {
		r := sh(t, fmt.Sprintf("ulimit -n %d; exec setpriv --bounding-set=-sys_resource netns add a", n))
		if left := inRunDir(t); left != "" && r.code != 0 || left != "a: up" && r.code == 0 {
			t.Errorf("with %d: left %q by %v", n, left, r)
		}
		emptyRunDir(t)
	}
}

// If ip cannot return to its namespace, it says failure, and the namespace is there.
func TestIPFailsToReturn(t *testing.T) {
	world.Clean(t)
	creatable(t, "first")
	const noReturn = "strace -f -o /dev/null -e trace=setns -e inject=setns:error=EPERM "
	r := sh(t, noReturn+"ip netns add a")
	mended(t, r.code != 0 && inRunDir(t) == "a: down", "it fails and leaves a namespace")
	emptyRunDir(t)
	r = sh(t, noReturn+"netns add a")
	if made := inRunDir(t) == "a: up"; made != (r.code == 0) {
		t.Errorf("made: %t, %v", made, r)
	}
	emptyRunDir(t)
}

// slow runs a command under strace, which delays its bind mount of a, and meanwhile another one.
func slow(t *testing.T, inject, command, meanwhile string) (slowly, other result) {
	t.Helper()
	done := make(chan result)
	go func() {
		done <- sh(t, "strace -f -o /dev/null -e trace=mount -e inject=mount:delay_enter=500000"+inject+" "+command)
	}()
	until(t, func() bool { return len(world.Files(t, "/run/netns")) > 0 })
	other = sh(t, meanwhile)
	return <-done, other
}

// Beside others that delete and make the same name, a slow ip mounts a second namespace over theirs, or deletes theirs
// when it fails. A slow netns is waited for.
func TestIPSlowBesideAnother(t *testing.T) {
	const file = " -P /run/netns/a"
	for _, failure := range []string{"", ":error=ENOMEM"} {
		t.Run(failure, func(t *testing.T) {
			world.Clean(t)
			creatable(t, "first")
			slow(t, failure+file, "ip netns add a", "ip netns del a && ip netns add a")
			if failure == "" {
				stacked := len(world.Mounts(t, "/run/netns/a")) == 2
				if mended(t, stacked, "two namespaces are mounted on one name"); stacked {
					run(t, "ip", "netns", "del", "a").want(t, 1, "Device or resource busy")
				}
			} else {
				mended(t, inRunDir(t) == "", "it deletes another's namespace")
			}
			emptyRunDir(t)
			slowly, other := slow(t, failure+":when=2", "netns add a b", "netns delete --if-exists a && netns add a")
			if other.want(t, 0); (slowly.code == 0) != (failure == "") {
				t.Error(slowly)
			}
			want := map[string]string{"": "a: up; b: up", ":error=ENOMEM": "a: up"}[failure]
			if got := inRunDir(t); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			netns(t, "delete", "--all")
		})
	}
}

// A namespace that was there before ip made the run directory a mount is hidden below it as well, and busy for good.
// What we do with one is in TestMountsFromBeforeTheRunDirectoryWasOne.
func TestIPHidesWhatIsMounted(t *testing.T) {
	world.Clean(t)
	early := fresh + "; mkdir /run/netns; touch /run/netns/early; unshare --net=/run/netns/early true"
	sh(t, early).want(t, 0)
	run(t, "ip", "netns", "add", "later").want(t, 0)
	r := run(t, "ip", "netns", "del", "early")
	if !world.Shared() { // where the mount in the new directory reaches the hidden one as well
		mended(t, r.code == 1 && strings.Contains(r.stderr, "Device or resource busy"), "a hidden mount keeps the name")
	}
	sh(t, "umount -R /run/netns; umount -q /run/netns/early; rm -r /run/netns").want(t, 0)

	sh(t, early).want(t, 0)
	netns(t, "create", "-q", "later")
	netns(t, "delete", "early", "later")
}

// Made in a mount namespace that keeps its mounts to itself, ip's namespace is a stale file for everybody else, without a
// word. Ours is one that says where it is, and create warns (add is silent, as ip's is).
// TestCreateInAnotherMountNamespace has the rest.
func TestIPAddInPrivateMounts(t *testing.T) {
	world.Clean(t)
	creatable(t, "first")
	const private = "unshare --mount --propagation private "
	r := sh(t, private+"ip netns add a")
	mended(t, r.code == 0 && r.stderr == "" && inRunDir(t) == "a: file", "in private mounts it leaves a stale file silently")
	emptyRunDir(t)
	sh(t, private+"netns create a").want(t, 0, "netns: warning: ", "in this mount namespace only")
	surround(t, "--propagation private", "netns create -q b", "") // which goes on
	run(t, "netns", "exec", "b", "true").want(t, 125, "mounted in another mount namespace")
	netns(t, "delete", "--force", "a", "b")
}

// Anybody can open the run directory and hold its lock, and root's ip netns add waits for that.
func TestIPWaitsForAnybody(t *testing.T) {
	world.Clean(t)
	creatable(t, "first")
	lock := exec.Command("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "flock", "--no-fork", "/run/netns", "sleep", "60")
	start(t, lock, "sleep")
	r := sh(t, "timeout 0.5 ip netns add a")
	mended(t, r.code == 124 && inRunDir(t) == "", "it waits for a lock that an ordinary user holds")
	emptyRunDir(t)
	netns(t, "add", "a")
	netns(t, "delete", "a")
}

// Inside ip netns exec, what was mounted below /sys is gone.
func TestIPExecLosesMounts(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "-q", "a")
	defer netns(t, "delete", "a")
	list := func(exec string) string {
		return sh(t, `unshare --mount sh -c '
			mount -t tmpfs none /sys/fs/cgroup && touch /sys/fs/cgroup/file && mount -t bpf none /sys/fs/bpf && mkdir /sys/fs/bpf/dir &&
			`+exec+` a ls -d /sys/fs/bpf/dir /sys/fs/cgroup/file'`).stdout
	}
	const all = "/sys/fs/bpf/dir\n/sys/fs/cgroup/file\n"
	mended(t, list("ip netns exec") != all, "exec hides cgroup and bpf")
	if got := list("netns exec"); got != all {
		t.Errorf("got %q", got)
	}
}
