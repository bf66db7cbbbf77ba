package integration

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

// A surrounding is where somebody else runs the command while this world is the machine: a shell with mounts of its own.
type surrounding struct {
	out   string
	stdin io.Writer
	codes *bufio.Reader
}

// surround starts a shell by unshare(1) with these options, once it has done the setup. Commands in it are run by the words of as.
func surround(t *testing.T, options, setup, as string) *surrounding {
	t.Helper()
	dir, err := os.MkdirTemp(world.Scratch, "surrounding")
	if err != nil {
		t.Fatal(err)
	}
	// Where also a service user may run it.
	sh(t, "chmod 755 "+dir+" && install "+os.Getenv(binaryVar)+" "+dir+"/netns").want(t, 0)
	s := &surrounding{out: dir + "/out"}
	script := fmt.Sprintf("exec 2>>%s\n%s && echo 0 || echo 1\nwhile read -r line; do %s sh -c \"$line\" </dev/null >%s 2>&1; echo $?; done", s.out, setup, as, s.out)
	args := append(strings.Fields("--kill-child -m -f "+options), "bash", "-c", script)
	cmd := exec.Command("unshare", args...)
	cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
	if s.stdin, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	s.codes = bufio.NewReader(stdout)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.stdin.(io.Closer).Close()
		cmd.Wait()
		os.RemoveAll(dir)
	})
	if r := s.result(t, setup); r.code != 0 {
		t.Fatal(r)
	}
	return s
}

// run runs a command line in the surrounding.
func (s *surrounding) run(t *testing.T, line string) result {
	t.Helper()
	fmt.Fprintln(s.stdin, line)
	return s.result(t, line)
}

func (s *surrounding) result(t *testing.T, line string) result {
	t.Helper()
	text, err := s.codes.ReadString('\n')
	if err != nil {
		out, _ := os.ReadFile(s.out)
		t.Fatalf("%s: %v\n%s", line, err, out)
	}
	code, _ := strconv.Atoi(strings.TrimSpace(text))
	out, _ := os.ReadFile(s.out)
	return result{[]string{line}, "", string(out), code}
}

const (
	container   = "-p --mount-proc --propagation private"
	serviceUser = "setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps +sys_admin,+net_admin,+net_raw,+dac_override " +
		"--ambient-caps +sys_admin,+net_admin,+net_raw,+dac_override"
)

// What the machine has made is a bare file where another mount namespace has the run directory for itself, and who uses it
// is not in the other's /proc. Nothing there proves it dead.
func TestOthersAreLeft(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "-q", "first")
	bootID := world.Scratch + "/boot_id"
	os.WriteFile(bootID, []byte("11111111-2222-3333-4444-555555555555\n"), 0o644)
	defer os.Remove(bootID)
	ownBoot := "mount --bind " + bootID + " /proc/sys/kernel/random/boot_id"
	places := map[string]*surrounding{
		"container":                        surround(t, container, "true", ""),
		"container that made its own":      surround(t, container, "netns create -q own", ""),
		"container with its own boot id":   surround(t, container, ownBoot, ""),
		"mounts with their own boot id":    surround(t, "--propagation private", ownBoot, ""),
		"service under hidepid=2":          surround(t, "--propagation private", "mount -t proc -o hidepid=2 proc /proc", serviceUser),
		"unit with /proc subset=pid":       surround(t, "--propagation private", "mount -t proc -o subset=pid proc /proc", ""),
		"user namespace with root mapped":  surround(t, "-U -r -p --mount-proc --propagation private", "true", ""),
		"container that sees what is made": surround(t, "-p --mount-proc --propagation slave", "true", ""),
	}
	netns(t, "create", "-q", "live", "second")
	sh(t, "ip netns add theirs").want(t, 0)
	names := []string{"first", "live", "second", "theirs"}
	before := map[string]string{}
	for _, name := range names {
		before[name] = inodeOf(t, name)
		sleeper := exec.Command(os.Getenv(binaryVar), "exec", name, "sleep", "600")
		if err := sleeper.Start(); err != nil {
			t.Fatal(err)
		}
		defer sleeper.Wait()
		defer sleeper.Process.Kill()
	}
	time.Sleep(11 * time.Second) // then an empty file counts as left behind
	for place, s := range places {
		sees := place == "container that sees what is made"
		for _, line := range []string{"netns recover --dry-run", "netns recover", "netns delete live", "netns create -q live",
			"netns create -q --if-not-exists live second", "netns delete theirs", "netns create -q theirs", "netns recover"} {
			if sees && strings.Contains(line, "delete") {
				continue // that is what is asked for
			}
			r := s.run(t, line)
			if r.code == 0 && !sees && !strings.Contains(line, "recover") {
				t.Errorf("in a %s: %v", place, r)
			}
			if r.code != 8 && !sees && strings.Contains(line, "recover") {
				t.Errorf("in a %s: %v", place, r)
			}
			for _, name := range names {
				if now := inodeOf(t, name); now != before[name] {
					t.Fatalf("in a %s, %s has ended %s: %v", place, line, name, r)
				}
			}
		}
		if r := s.run(t, "netns list -o name"); r.code != 0 || !strings.Contains(r.stderr, "live\n") || !strings.Contains(r.stderr, "theirs\n") {
			t.Errorf("in a %s: %v", place, r)
		}
	}
	for _, name := range names {
		netns(t, "exec", name, "true")
	}
	netns(t, "delete", "-q", "--force", "own")
	netns(t, append([]string{"delete", "-q"}, names...)...)
}

func inodeOf(t *testing.T, name string) string {
	t.Helper()
	var st syscall.Stat_t
	if err := syscall.Lstat(filepath.Join("/run/netns", name), &st); err != nil {
		return err.Error()
	}
	return strconv.FormatUint(st.Ino, 10)
}

// A mount namespace in which no process is may be kept by a bind mount.
func TestPinnedMountNamespace(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "-q", "first")
	dir := world.Scratch + "/pinned"
	sh(t, "mkdir "+dir+" && mount --bind "+dir+" "+dir+" && mount --make-private "+dir+" && touch "+dir+"/m").want(t, 0)
	defer sh(t, "umount -l "+dir+"/m "+dir+"; rm -r "+dir)
	sh(t, "for i in $(seq 40); do unshare --mount="+dir+"/m --propagation private true && exit; done; exit 1").want(t, 0) // refused at times
	enter := "nsenter --mount=" + dir + "/m "
	sh(t, enter+"netns create -q inside").want(t, 0)
	run(t, "netns", "recover").want(t, 8, "1 of 1 left alone")
	run(t, "netns", "delete", "inside").want(t, 4, "mounted in another mount namespace")
	run(t, "netns", "create", "inside").want(t, 4)
	sh(t, enter+"netns exec inside true").want(t, 0)
	sh(t, enter+"netns delete inside").want(t, 0)
	netns(t, "delete", "first")
}

// Where the mount namespace of a name is proven gone, every verb goes on: after a container's restart, and the end of a unit.
// Where the kernel does not tell, every verb leaves the name, but for a deletion that is forced.
func TestMountNamespaceIsGone(t *testing.T) {
	told := tellsMountNamespaces(t)
	for line, untold := range map[string]int{
		"netns delete x": 4, "netns create -q x": 4, "netns create -q --if-not-exists x": 4, "netns recover": 8, "netns delete --force x": 0,
	} {
		world.Clean(t)
		netns(t, "create", "-q", "first")
		sh(t, "unshare -m --propagation private netns create -q x").want(t, 0)
		code := 0
		if !told {
			code = untold
		}
		sh(t, line).want(t, code)
		if r := run(t, "netns", "recover", "-o", "json"); (r.stdout == "[]\n") != (code == 0) {
			t.Error(line, r)
		}
		sh(t, "netns delete --force --if-exists x first").want(t, 0)
	}
}

// tellsMountNamespaces reports whether the kernel gives a mount namespace an id, and so lists its mounts by that.
func tellsMountNamespaces(t *testing.T) bool {
	t.Helper()
	f, err := os.Open("/proc/self/ns/mnt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var id uint64
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, f.Fd(), unix.NS_GET_MNTNS_ID, uintptr(unsafe.Pointer(&id)))
	return errno == 0
}

// However many repairs run at once, beside creates and deletes, a name shows what it showed.
func TestRepairsAtOnce(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "-q", "first")
	rounds := 30
	if full() {
		rounds = 300
	}
	script := fmt.Sprintf(`
names='a b c d'
for round in $(seq %d); do
	netns create -q $names || exit
	was=$(cd /run/netns; stat -c %%n:%%i $names)
	for n in $names; do mount --bind /run/netns/$n /run/netns/$n || exit; done
	netns recover -q & one=$!
	netns recover -q & two=$!
	(netns create -q x$round y$round && netns delete -q x$round y$round || echo "round $round: create or delete") &
	three=$!
	wait $one $two $three
	now=$(cd /run/netns; stat -c %%n:%%i $names)
	[ "$now" = "$was" ] || echo "round $round: $was became $now"
	[ $(grep -c ' /run/netns/[abcd] ' /proc/self/mountinfo) = 4 ] || echo "round $round: still doubled"
	netns delete -q $names || exit
done
`, rounds)
	if r := sh(t, script); r.code != 0 || r.stdout != "" {
		t.Error(r)
	}
	netns(t, "delete", "first")
}

// The run directory is found by what it is: by a path with a link in it, and not below another mount.
func TestRecoverFindsTheDirectory(t *testing.T) {
	world.Clean(t)
	odd := "a\u00a0b" // a no-break space, which mountinfo does not escape
	netns(t, "create", "-q", "a", odd)
	was := inodeOf(t, "a")
	link := world.Scratch + "/link"
	os.Symlink("/run", link)
	defer os.Remove(link)
	for _, name := range []string{"a", odd} {
		for _, dir := range []string{"/run/netns", link + "/netns"} {
			sh(t, fmt.Sprintf("mount --bind '/run/netns/%s' '/run/netns/%s'", name, name)).want(t, 0)
			netns(t, "--dir", dir, "recover")
			info, err := os.ReadFile("/proc/self/mountinfo")
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(string(info), " /run/netns/"+name+" "); n != 1 || inodeOf(t, "a") != was {
				t.Errorf("%s by %s: %d mounts, a is %s and was %s", name, dir, n, inodeOf(t, "a"), was)
			}
		}
	}
	r := sh(t, `unshare -m --propagation private sh -c 'mount -t tmpfs -o mode=755 run /run && netns create -q x && netns recover && netns exec x true && netns delete x && netns recover'`)
	if r.code != 0 || r.stdout != "" || r.stderr != "" {
		t.Error(r)
	}
	netns(t, "delete", "a", odd)
}

// With no mount namespace to be had the look below a mount is done without.
func TestMountNamespacesUsedUp(t *testing.T) {
	world.Clean(t)
	r := sh(t, `unshare -U -r -m -n -p -f --kill-child --mount-proc --propagation private sh -c '
mount -t tmpfs run /run && netns create -q a b c && netns create -q --rollback-on-fail=false d || exit 99
echo 0 >/proc/sys/user/max_mnt_namespaces; unshare -m true 2>/dev/null && exit 98
for v in list "list -o wide" "inspect a" "verify a" "delete a" "delete b c"; do netns $v >/srv/said 2>&1 || echo "$v: $(cat /srv/said)"; done
netns recover 2>&1 | grep -q max_mnt_namespaces || echo "recover does not name the limit"
netns add e && netns exec --net-only e true && netns delete --all || echo "add, exec --net-only or delete --all"
netns list'`)
	if r.code != 0 || r.stdout != "" {
		t.Error(r)
	}
	os.Remove("/srv/said")
}
