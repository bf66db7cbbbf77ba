package names

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

// A kind is something that a name can be instead of a network namespace.
type kind struct {
	make, undo string // shell scripts for the name x
	state      string // in list
	is         string // how messages describe it
	isLink     bool
}

// undoFile removes what make has made, unless a verb has.
const undoFile = "rm -f /run/netns/x"

var kinds = map[string]kind{
	"directory":        {make: "mkdir /run/netns/x", undo: "rmdir /run/netns/x", state: "directory", is: "a directory, not a network namespace"},
	"file":             {make: "echo text >/run/netns/x", undo: undoFile, state: "file", is: "a file with content, not a network namespace"},
	"large file":       {make: "truncate -s 300M /run/netns/x", undo: undoFile, state: "file", is: "a file with content, not a network namespace"},
	"covered file":     {make: ": >/run/netns/x && mount --bind /etc/passwd /run/netns/x", undo: "umount /run/netns/x; " + undoFile, state: "file", is: "a file with content, not a network namespace"},
	"FIFO":             {make: "mkfifo /run/netns/x", undo: undoFile, state: "fifo", is: "a FIFO (named pipe), not a network namespace"},
	"socket":           {make: "mksocket", undo: undoFile, state: "socket", is: "a socket, not a network namespace"},
	"character device": {make: "mknod /run/netns/x c 1 3", undo: undoFile, state: "device", is: "a device, not a network namespace"},
	"block device":     {make: "mknod /run/netns/x b 7 200", undo: undoFile, state: "device", is: "a device, not a network namespace"},

	"link to a file":            {make: "ln -s /etc/passwd /run/netns/x", undo: undoFile, state: "link", is: "a symbolic link, but not to a network namespace", isLink: true},
	"link to a directory":       {make: "ln -s /etc /run/netns/x", undo: undoFile, state: "link", is: "a symbolic link, but not to a network namespace", isLink: true},
	"link to a FIFO":            {make: "mkfifo /run/fifo && ln -s ../fifo /run/netns/x", undo: undoFile + " /run/fifo", state: "link", is: "a symbolic link, but not to a network namespace", isLink: true},
	"link to a UTS namespace":   {make: "ln -s /proc/1/ns/uts /run/netns/x", undo: undoFile, state: "link", is: "a symbolic link, but not to a network namespace", isLink: true},
	"broken link":               {make: "ln -s /nope /run/netns/x", undo: undoFile, state: "broken link", is: "a symbolic link whose target is missing", isLink: true},
	"link to below a file":      {make: "ln -s /etc/passwd/nope /run/netns/x", undo: undoFile, state: "broken link", is: "a symbolic link whose target is missing", isLink: true},
	"link to a very long name":  {make: "ln -s $(printf %0300d) /run/netns/x", undo: undoFile, state: "broken link", is: "a symbolic link whose target is missing", isLink: true},
	"link of an ended process":  {make: "ln -s /proc/4194305/ns/net /run/netns/x", undo: undoFile, state: "broken link", is: "a symbolic link whose target is missing", isLink: true},
	"link to itself":            {make: "ln -s x /run/netns/x", undo: undoFile, state: "looping link", is: "a symbolic link that leads in a circle", isLink: true},
	"UTS namespace":             {make: ": >/run/netns/x && mount --bind /proc/1/ns/uts /run/netns/x", undo: "umount /run/netns/x; " + undoFile, state: "other namespace", is: "a namespace of another type, not a network namespace"},
	"IPC namespace on a FIFO":   {make: "mkfifo /run/netns/x && mount --bind /proc/1/ns/ipc /run/netns/x", undo: "umount /run/netns/x; " + undoFile, state: "other namespace", is: "a namespace of another type, not a network namespace"},
	"UTS namespace over a name": {make: "netns create -q x && mount --bind /proc/1/ns/uts /run/netns/x", undo: "umount /run/netns/x && netns delete x", state: "other namespace", is: "a namespace of another type, not a network namespace"},
}

// A verb is a command line, with its exit code for each name that shows no network namespace.
type verb struct {
	run  string
	code int
	// out and err are texts in standard output and standard error. STATE is the state, IS the description. If err is empty,
	// standard error is.
	out, err string
}

// exists is what the message says for the verbs that need a network namespace, or need that the name is free.
const exists = "x: /run/netns/x: exists: IS"

var verbs = []verb{
	{run: "list", out: "good\nx\n"},
	{run: "list -o name", out: "good\nx\n"},
	{run: "list -o table", out: "\nx     -   STATE\n"},
	{run: "list -o wide", out: "\nx     -   STATE  "},
	{run: "list -o json", out: `"name":"x","path":"/run/netns/x","state":"STATE"`},
	{run: "list-id", out: ""},
	{run: "inspect x", out: "state     STATE\n  problem   /run/netns/x: exists: IS"},
	{run: "inspect x -o json", out: `"state":"STATE"`},
	{run: "verify x", code: 4, err: "verify " + exists},
	{run: "verify x good", code: 4, out: "good is healthy\n", err: "verify " + exists},
	{run: "exec x true", code: 125, err: "exec " + exists},
	{run: "exec --net-only x true", code: 125, err: "exec " + exists},
	{run: "exec --all echo inside", out: "\nnetns: good\ninside\n", err: "exec: x is skipped: STATE"},
	{run: "pids x", code: 4, err: "pids " + exists},
	{run: "pids --all x", code: 4, err: "pids " + exists},
	{run: "set x 7", code: 4, err: "set " + exists},
	{run: "set x auto", code: 4, err: "set " + exists},
	{run: "identify 1", out: "\n"},
	{run: "create x", code: 4, err: "create " + exists},
	{run: "create --dry-run x", code: 4, err: "create " + exists},
	{run: "create --if-not-exists x", code: 4, err: "create " + exists},
	{run: "create y x", code: 4, err: "exists: IS"},
	{run: "add x", code: 4, err: "add " + exists},
	{run: "attach --own x 1", code: 4, err: "attach " + exists},
	{run: "recover --dry-run", out: `Would ignore "/run/netns/x": it is IS` + "\n"},
	{run: "recover", out: `Ignored "/run/netns/x": it is IS` + "\n"},
	{run: "recover -o json", out: `"action":"ignore"`},
}

// deletions leave the name alone, unless it is a symbolic link.
var deletions = []verb{
	{run: "delete x", code: 4, err: "delete " + exists},
	{run: "delete --if-exists x", code: 4, err: "delete " + exists},
	{run: "delete --force x", code: 4, err: "delete " + exists},
	{run: "delete --kill x", code: 4, err: "delete " + exists},
	{run: "delete --wait --timeout 5s x", code: 4, err: "delete " + exists},
}

// Each verb says what the name is, has the right exit code, and leaves the name alone.
func TestVerbs(t *testing.T) {
	for i, name := range slices.Sorted(maps.Keys(kinds)) {
		if k := kinds[name]; (i%2 == 0) == world.Shared() { // each kind is tested in one of the worlds
			t.Run(name, func(t *testing.T) { k.check(t) })
		}
	}
}

func (k kind) check(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "-q", "good")
	defer world.Run(t, "netns", "delete", "--if-exists", "good")
	create(t, k)
	defer world.Sh(t, k.undo)
	before := shown(t)
	for _, v := range verbs {
		t.Run(v.run, func(t *testing.T) { v.check(t, k) })
		if after := shown(t); after != before {
			t.Fatalf("%s changed it:\n%s\n%s", v.run, before, after)
		}
	}
	for _, v := range deletions {
		t.Run(v.run, func(t *testing.T) { k.checkDelete(t, v, before) })
	}
	t.Run("delete --all", func(t *testing.T) {
		before := shown(t) // a link has been made anew
		world.Netns(t, "delete", "--all")
		if after := shown(t); after != before || slices.Contains(world.Files(t, "/run/netns"), "good") {
			t.Errorf("%s\n%s", before, after)
		}
	})
}

// checkDelete checks a deletion by name. It removes a symbolic link, and leaves the target alone.
func (k kind) checkDelete(t *testing.T, v verb, before string) {
	if !k.isLink {
		v.check(t, k)
		if after := shown(t); after != before {
			t.Errorf("%s\n%s", before, after)
		}
		return
	}
	v.code, v.err = 0, ""
	v.check(t, k)
	if _, err := os.Lstat("/run/netns/x"); err == nil {
		t.Error("the link is still there")
	}
	world.Sh(t, k.undo)
	create(t, k)
}

func (v verb) check(t *testing.T, k kind) {
	t.Helper()
	cmd := world.Command(append([]string{"netns"}, strings.Fields(v.run)...)...)
	late := time.AfterFunc(20*time.Second, func() { cmd.Process.Kill() })
	defer late.Stop()
	r := world.Finish(t, cmd)
	fill := strings.NewReplacer("STATE", k.state, "IS", k.is)
	r.Want(t, v.code, fill.Replace(v.err))
	if !strings.Contains(r.Stdout, fill.Replace(v.out)) || v.err == "" && r.Stderr != "" {
		t.Errorf("want %q, %v", fill.Replace(v.out), r)
	}
	if v.code > 0 && !strings.Contains(r.Stderr, "; ") && !strings.Contains(v.run, " y ") {
		t.Errorf("no advice: %v", r)
	}
}

func create(t *testing.T, k kind) {
	t.Helper()
	if k.make == "mksocket" {
		if err := unix.Mknod("/run/netns/x", unix.S_IFSOCK|0o600, 0); err != nil {
			t.Fatal(err)
		}
		return
	}
	world.Sh(t, k.make).Want(t, 0)
}

// shown returns what the name is, and all that is mounted there.
func shown(t *testing.T) string {
	t.Helper()
	return world.Sh(t, "stat -c '%F %i %s %a' /run/netns/x; readlink /run/netns/x; grep ' /run/netns/x ' /proc/self/mountinfo").Stdout
}

// monitor reports only network namespaces, and links to them.
func TestMonitor(t *testing.T) {
	world.Clean(t)
	world.Creatable(t, "first")
	r := world.Sh(t, `netns monitor >/run/out & monitor=$!
		until netns create -q probe && netns delete probe && grep -q probe /run/out; do sleep 0.05; done
		cd /run/netns && mkdir directory && echo text >file && mkfifo fifo && mknod device c 1 3 && : >uts && : >half
		ln -s /etc/passwd link; ln -s nope broken; ln -s loop loop; ln -s /proc/1/ns/uts other; ln -s /proc/1/ns/net live
		mount --bind /proc/1/ns/uts uts && netns create -q last
		until grep -q last /run/out; do sleep 0.05; done
		umount uts && rm -f file fifo device uts half link broken loop other live && rmdir directory && netns delete last
		until grep -q 'delete last' /run/out; do sleep 0.05; done
		kill $monitor; grep -v probe /run/out; rm /run/out`)
	if want := "add live\nadd last\ndelete live\ndelete last\n"; r.Stdout != want {
		t.Errorf("want %q, %v", want, r)
	}
}

// A directory with such names is not a run directory, so recover says only that.
func TestNoRunDirectory(t *testing.T) {
	world.Clean(t)
	world.Sh(t, `mkdir /run/conf && cd /run/conf && mkdir directory && echo text >file && : >empty && mkfifo fifo && ln -s nope broken &&
		ln -s /proc/1/ns/net live && : >uts && mount --bind /proc/1/ns/uts uts`).Want(t, 0)
	defer world.Sh(t, "umount /run/conf/uts; rm -r /run/conf")
	before := world.Files(t, "/run/conf")
	r := world.Run(t, "netns", "--dir", "/run/conf", "recover").Want(t, 8, "1 of 1 left alone")
	if !strings.Contains(r.Stdout, "it is not a run directory") || strings.Count(r.Stdout, "\n") != 1 {
		t.Error(r)
	}
	if after := world.Files(t, "/run/conf"); !slices.Equal(before, after) {
		t.Errorf("%q, %q", before, after)
	}
}

// To a user who may not follow a link, its state is unreadable.
func TestUnreadableLink(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "-q", "good")
	defer world.Netns(t, "delete", "good")
	world.Sh(t, "ln -s /proc/1/ns/uts /run/netns/x").Want(t, 0)
	defer os.Remove("/run/netns/x")
	if r := world.Sh(t, world.Nobody+"netns list -o table").Want(t, 0); !strings.Contains(r.Stdout, "x     -   unreadable\n") {
		t.Error(r)
	}
}
