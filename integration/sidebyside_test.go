package integration

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	library "github.com/netns-go/netns"
	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

// A comparison runs a command line of ip netns, and the same of netns, on the same things.
type comparison struct {
	form  string // of the command line: its row in docs/ip-netns.md
	given string // a shell script that makes the things, and may print the number of a process, which is ended at last
	run   string // a shell script with ip netns in it; $pid is that process
	ours  string // the same with netns, where that is more than netns for ip netns
	look  string // a shell script that looks for more than the run directory
	only  string // "private" or "shared", where it matters how /run is
	ip    side
	netns *side // where it is another than ip's
}

// A side is what one of the two did.
type side struct {
	code   int
	stdout string // with PID for the number of the process
	stderr string // a part of it; "" if there is none
	after  string // the run directory, as inRunDir has it, and what look printed
}

// spoken is ip netns with ip's options, as it stands in a script.
var spoken = regexp.MustCompile(`\bip ((?:-\w+ )*)netns\b`)

// runOurs is the script in which netns has taken the place of ip netns.
func (c comparison) runOurs() string {
	if c.ours != "" {
		return c.ours
	}
	return strings.ReplaceAll(spoken.ReplaceAllString(c.run, "netns $1"), "ip -", "netns -")
}

// try runs one of the scripts.
func (c comparison) try(t *testing.T, script string) side {
	t.Helper()
	defer emptyRunDir(t)
	if _, err := os.Stat("/run/netns"); err != nil {
		creatable(t, "first")
	}
	process := strings.TrimSpace(sh(t, c.given).want(t, 0).stdout)
	if pid, err := strconv.Atoi(process); err == nil {
		defer syscall.Kill(pid, syscall.SIGKILL)
	}
	r := sh(t, "pid="+process+"\n"+script)
	after := inRunDir(t)
	if seen := sh(t, "pid="+process+"\n"+c.look).stdout; seen != "" {
		after += "; " + seen
	}
	if process != "" {
		r.stdout = strings.ReplaceAll(r.stdout, process, "PID")
		after = strings.ReplaceAll(after, process, "PID")
	}
	return side{r.code, r.stdout, r.stderr, after}
}

// is says whether a side is as the test has it.
func (s side) is(want side) bool {
	said := strings.Contains(s.stderr, want.stderr) && (s.stderr == "") == (want.stderr == "")
	return said && s.code == want.code && s.stdout == want.stdout && s.after == want.after
}

func TestSideBySide(t *testing.T) {
	for i, c := range slices.Concat(lookingSideBySide, changingSideBySide, runningSideBySide) {
		here := map[bool]string{false: "private", true: "shared"}[world.Shared()]
		half := map[bool]string{false: "private", true: "shared"}[i%2 == 0]
		if cmp.Or(c.only, half) != here { // each in one of the worlds will do
			continue
		}
		t.Run(c.form, func(t *testing.T) {
			world.Clean(t)
			if got := c.try(t, c.run); !got.is(c.ip) {
				t.Errorf("%s\nwant %#v\ngot  %#v", c.run, c.ip, got)
			}
			if got := c.try(t, c.runOurs()); !got.is(c.wantOurs()) {
				t.Errorf("%s\nwant %#v\ngot  %#v", c.runOurs(), c.wantOurs(), got)
			}
		})
	}
}

func (c comparison) wantOurs() side {
	if c.netns == nil {
		return c.ip
	}
	return *c.netns
}

// Each row of the documentation has a comparison and each comparison a row, and where a row says that ours is the same,
// it is.
func TestSideBySideIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../docs/ip-netns.md")
	if err != nil {
		t.Fatal(err)
	}
	same := map[string]bool{} // by form
	for line := range strings.Lines(string(text)) {
		if cells := strings.Split(strings.TrimSpace(line), " | "); len(cells) == 3 && strings.HasPrefix(line, "| `") {
			form := strings.ReplaceAll(strings.TrimPrefix(cells[0], "| "), "`", "")
			if _, ok := same[form]; ok {
				t.Errorf("two rows for %q", form)
			}
			same[form] = cells[2] == "the same |"
		}
	}
	compared, differs := map[string]bool{}, map[string]bool{}
	for _, c := range slices.Concat(lookingSideBySide, changingSideBySide, runningSideBySide) {
		compared[c.form] = true
		if c.netns != nil {
			differs[c.form] = true
			if *c.netns == c.ip {
				t.Errorf("%s: no difference in %#v", c.run, c.ip)
			}
		}
	}
	for form := range compared {
		if _, ok := same[form]; !ok {
			t.Errorf("no row for %q", form)
		}
	}
	for form, same := range same {
		if !compared[form] {
			t.Errorf("no comparison for %q", form)
		} else if same == differs[form] {
			t.Errorf("%q: the row says same: %t, the comparisons differ: %t", form, same, differs[form])
		}
	}
}

// What is given to several comparisons.
const (
	one      = "ip netns add a"
	two      = one + "; ip netns add b"
	noRunDir = "umount /run/netns && rmdir /run/netns"
	// The mode of the run directory, and how often it is a shared mount. Then it goes: the next one is to be ours.
	madeRunDir = `stat -c %A /run/netns; grep -c " /run/netns .* shared:" /proc/self/mountinfo
		umount -R /run/netns; rm -r /run/netns`
	// A process in a.
	held = one + "; ip netns exec a sleep 60 >/dev/null 2>&1 & until ip netns pids a | grep -q .; do :; done; echo $!"
	// A process in a namespace of its own.
	apart = `unshare --net sleep 60 >/dev/null 2>&1 &
		until test "$(readlink /proc/$!/ns/net)" != "$(readlink /proc/self/ns/net)"; do :; done; echo $!`
	// One name more for a.
	twice = one + "; touch /run/netns/b; mount --bind /run/netns/a /run/netns/b"
	known = one + "; ip netns set a 7"
	// Two that the caller knows by ids, and one knows the other by one.
	knowing = known + "; ip netns add b; ip netns set b 8; ip -n a netns set b 77"
)

// inRunDir describes each name in the run directory. A namespace has up or down, for its lo.
func inRunDir(t *testing.T) string {
	t.Helper()
	mounts := strings.Join(world.Mounts(t, "/run/netns/"), "\n") + "\n"
	var names []string
	for _, name := range world.Files(t, "/run/netns") {
		path := "/run/netns/" + name
		info, err := os.Lstat(path)
		if err != nil {
			t.Fatal(err)
		}
		what := map[os.FileMode]string{os.ModeDir: "directory", os.ModeSymlink: "link"}[info.Mode().Type()]
		var fs unix.Statfs_t
		switch {
		case what != "":
		case unix.Statfs(path, &fs) == nil && fs.Type == unix.NSFS_MAGIC:
			what = namespaceAt(t, path)
		default:
			what = "file"
		}
		if n := strings.Count(mounts, path+"\n"); n > 1 {
			what += fmt.Sprintf(", mounted %d times", n)
		}
		names = append(names, fmt.Sprintf("%s: %s", strings.Trim(strconv.Quote(name), `"`), what))
	}
	return strings.Join(names, "; ")
}

func namespaceAt(t *testing.T, path string) string {
	t.Helper()
	ns, err := library.OpenPath(path)
	if err != nil {
		t.Fatal(err)
	}
	defer ns.Close()
	h, err := ns.Netlink()
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	lo, err := h.LinkByName("lo")
	if err != nil {
		t.Fatal(err)
	}
	what := "down"
	if lo.Attrs().RawFlags&unix.IFF_UP != 0 {
		what = "up"
	}
	if id, err := ns.NSID(); err == nil && id != library.NoNSID {
		what += fmt.Sprintf(" (id: %d)", id)
	}
	return what
}

// emptyRunDir removes what either side left, and waits until the kernel has no ids of it any more.
func emptyRunDir(t *testing.T) {
	t.Helper()
	for _, name := range world.Files(t, "/run/netns") {
		path := "/run/netns/" + name
		for unix.Unmount(path, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW) == nil {
		}
		if err := os.RemoveAll(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Error(err)
		}
	}
	until(t, func() bool {
		ids, err := library.PeerIDs(library.NoNSID)
		return err == nil && len(ids) == 0
	})
}
