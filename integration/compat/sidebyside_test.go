package compat

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

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

// A comparison runs a command line of ip netns, and the same command line of netns, on the same state of the machine.
type comparison struct {
	form  string // of the command line; it names the row in docs/ip-netns.md
	given string // a shell script that makes the state; it may print the number of a process, which the test kills at the end
	run   string // a shell script with ip netns; $pid is that process
	ours  string // the same with netns, if it differs in more than netns for ip netns
	look  string // a shell script that looks beyond the run directory
	only  string // "private" or "shared", if the mount of /run matters
	ip    side
	netns *side // nil if it is the same as ip's
}

// A side is the effect of one of the two command lines.
type side struct {
	code   int
	stdout string // with PID in the place of the number of the process
	stderr string // a part of it; "" if it is empty
	after  string // the run directory, by inRunDir, and the output of look
}

// spoken matches ip netns, with ip's options, in a script.
var spoken = regexp.MustCompile(`\bip ((?:-\w+ )*)netns\b`)

// runOurs returns the script with netns in the place of ip netns.
func (c comparison) runOurs() string {
	if c.ours != "" {
		return c.ours
	}
	return strings.ReplaceAll(spoken.ReplaceAllString(c.run, "netns $1"), "ip -", "netns -")
}

// try runs one of the scripts.
func (c comparison) try(t *testing.T, script string) side {
	t.Helper()
	defer world.EmptyRunDir(t)
	if _, err := os.Stat("/run/netns"); err != nil {
		world.Creatable(t, "first")
	}
	process := strings.TrimSpace(world.Sh(t, c.given).Want(t, 0).Stdout)
	if pid, err := strconv.Atoi(process); err == nil {
		defer syscall.Kill(pid, syscall.SIGKILL)
	}
	r := world.Sh(t, "pid="+process+"\n"+script)
	after := inRunDir(t)
	if seen := world.Sh(t, "pid="+process+"\n"+c.look).Stdout; seen != "" {
		after += "; " + seen
	}
	if process != "" {
		r.Stdout = strings.ReplaceAll(r.Stdout, process, "PID")
		after = strings.ReplaceAll(after, process, "PID")
	}
	return side{r.Code, r.Stdout, r.Stderr, after}
}

// is reports whether a side is the wanted one.
func (s side) is(want side) bool {
	said := strings.Contains(s.stderr, want.stderr) && (s.stderr == "") == (want.stderr == "")
	return said && s.code == want.code && s.stdout == want.stdout && s.after == want.after
}

func TestSideBySide(t *testing.T) {
	for i, c := range comparisons() {
		here := map[bool]string{false: "private", true: "shared"}[world.Shared()]
		half := map[bool]string{false: "private", true: "shared"}[i%2 == 0]
		if cmp.Or(c.only, half) != here { // each comparison runs in one of the worlds
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

func comparisons() []comparison {
	return slices.Concat(lookingSideBySide, changingSideBySide, runningSideBySide, optionsSideBySide)
}

func (c comparison) wantOurs() side {
	if c.netns == nil {
		return c.ip
	}
	return *c.netns
}

// Each row of the documentation has a comparison and each comparison a row. If a row says "the same", the comparisons agree.
func TestSideBySideIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/ip-netns.md")
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
	for _, c := range comparisons() {
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

// Scripts that several comparisons begin with.
const (
	one      = "ip netns add a"
	two      = one + "; ip netns add b"
	uts      = one + "; touch /run/netns/b; mount --bind /proc/1/ns/uts /run/netns/b"
	noRunDir = "umount /run/netns && rmdir /run/netns"
	// Prints the mode of the run directory, and how often the directory is a shared mount. Then it removes the directory, so that
	// the other tool makes it again.
	madeRunDir = `stat -c %A /run/netns; grep -c " /run/netns .* shared:" /proc/self/mountinfo
		umount -R /run/netns; rm -r /run/netns`
	// A process in a.
	held = one + "; ip netns exec a sleep 60 >/dev/null 2>&1 & until grep -qsx sleep /proc/$!/comm; do :; done; echo $!"
	// A process in a namespace without a name.
	apart = `unshare --net sleep 60 >/dev/null 2>&1 &
		until test "$(readlink /proc/$!/ns/net)" != "$(readlink /proc/self/ns/net)"; do :; done; echo $!`
	// A second name for a.
	twice = one + "; touch /run/netns/b; mount --bind /run/netns/a /run/netns/b"
	known = one + "; ip netns set a 7"
	// The caller has ids for both, and a has an id for b.
	knowing = known + "; ip netns add b; ip netns set b 8; ip -n a netns set b 77"
)

// inRunDir describes each name in the run directory; a namespace by the state of its lo, up or down.
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
	ns, err := netns.OpenPath(path)
	if other, ok := errors.AsType[*netns.StateError](err); ok {
		return string(other.State)
	}
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
	if id, assigned, err := ns.NSID(); err == nil && assigned {
		what += fmt.Sprintf(" (id: %d)", id)
	}
	return what
}
