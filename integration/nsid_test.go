package integration

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	library "github.com/netns-go/netns"
	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

// Ids, set by ours and by ip, are the same, and shown in the same words.
func TestNSIDs(t *testing.T) {
	world.Clean(t)
	noIDs(t)
	netns(t, "create", "-q", "a", "b", "c")
	defer netns(t, "delete", "a", "b", "c")
	netns(t, "set", "a", "5")
	netns(t, "set", "b", "0x10")
	sh(t, "ip -n a netns set b 77").want(t, 0)
	for _, args := range []string{"", " target-nsid 5", " nsid 16", " nsid 16 target-nsid 5", " nsid 5 target-nsid 5"} {
		ours := sh(t, "netns list-id"+args).want(t, 0)
		if ip := sh(t, "ip netns list-id"+args).want(t, 0); ip.stdout != ours.stdout {
			t.Errorf("%v\n%v", ip, ours)
		}
		if strings.Count(ours.stdout, "nsid ") == 0 {
			t.Error(ours)
		}
	}
	if r := netns(t, "list-id", "target-nsid", "5", "-o", "json"); r.stdout !=
		`[{"version":1,"nsid":77,"current_nsid":16,"names":["b"]}]`+"\n" {
		t.Error(r)
	}

	run(t, "netns", "set", "a", "6").want(t, 4, "it has the nsid 5")
	run(t, "netns", "set", "a", "auto").want(t, 4, "it has the nsid 5")
	run(t, "netns", "set", "c", "5").want(t, 4, "another namespace has the nsid 5")
	netns(t, "set", "c", "auto")
	if r := netns(t, "list"); !strings.Contains(r.stdout, "c (id: 0)\n") {
		t.Error(r)
	}
	for _, id := range []string{"-3", "x", "", "4294967295", "1.5"} {
		run(t, "netns", "set", "c", id).want(t, 2, "is not an nsid")
	}
	for _, args := range []string{"set", "set a", "set a 1 2", "list-id x", "list-id nsid", "list-id nsid x", "list-id -o name"} {
		sh(t, "netns "+args).want(t, 2, "netns: ")
	}
	run(t, "netns", "set", "nope", "1").want(t, 3, "no such network namespace")
	run(t, "netns", "list-id", "nsid", "9").want(t, 3, "nsid 9")
	run(t, "netns", "list-id", "target-nsid", "9").want(t, 3, "nsid 9")
	sh(t, nobody+"netns set c 1").want(t, 6, "CAP_NET_ADMIN")
	if r := sh(t, nobody+"netns list-id").want(t, 0); strings.Count(r.stdout, "\n") != 3 {
		t.Error(r)
	}
}

// nobody begins a shell command that an ordinary user runs.
const nobody = "setpriv --reuid=65534 --regid=65534 --clear-groups "

// A namespace that has a process only gets a name, and stays when that ends.
func TestAttach(t *testing.T) {
	world.Clean(t)
	script := `unshare --net sleep 60 & pid=$!
		until test "$(readlink /proc/$pid/ns/net)" != "$(readlink /proc/self/ns/net)"; do sleep 0.01; done
		ip netns attach theirs $pid && netns attach ours $pid && ip -n ours link set lo up
		netns exec ours readlink /proc/self/ns/net; readlink /proc/$pid/ns/net
		kill $pid; wait $pid; netns exec ours ip -br link; netns list`
	r := sh(t, script).want(t, 0)
	lines := strings.Split(r.stdout, "\n")
	if lines[0] != lines[1] || !strings.HasPrefix(lines[2], "lo ") || !strings.HasSuffix(r.stdout, "\nours\ntheirs\n") {
		t.Error(r)
	}
	netns(t, "create", "-q", "third")
	run(t, "netns", "attach", "third", "1").want(t, 2, "--own")
	netns(t, "attach", "--own", "host", "1")
	if own, _ := os.Readlink("/proc/self/ns/net"); netns(t, "exec", "host", "readlink", "/proc/self/ns/net").stdout != own+"\n" {
		t.Errorf("host is not %s", own)
	}
	run(t, "netns", "attach", "--own", "third", "1").want(t, 4, "exists: ready")
	for name, pid := range map[string]string{"-x": "1", "a/b": "1", "a\nb": "1", "x": "zz", "y": "0", "z": "-7"} {
		run(t, "netns", "attach", "--own", "--", name, pid).want(t, 2)
	}
	run(t, "netns", "attach", "x").want(t, 2)
	run(t, "netns", "attach", "x", "4000000").want(t, 3, "process 4000000")
	sh(t, nobody+"netns attach x 1").want(t, 6, "CAP_SYS_PTRACE")
	run(t, "netns", "delete", "ours", "theirs", "third", "host").want(t, 0, "warning: host: the name is gone, but the namespace lives on")
}

// A thread's namespace is not that of its process.
func TestAttachThread(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "-q", "x")
	ns, err := library.Open("", "x")
	if err != nil {
		t.Fatal(err)
	}
	tid, done := make(chan int), make(chan bool)
	go ns.Do(t.Context(), func() error {
		tid <- unix.Gettid()
		<-done
		return nil
	})
	netns(t, "attach", "y", strconv.Itoa(<-tid))
	close(done)
	ns.Close()
	r := sh(t, "stat -Lc %i /run/netns/x /run/netns/y").want(t, 0)
	if lines := strings.Fields(r.stdout); len(lines) != 2 || lines[0] != lines[1] {
		t.Error(r)
	}
	netns(t, "delete", "x", "y")
}

// noIDs waits until the kernel is done with namespaces that were deleted and had ids, which it is a moment later.
func noIDs(t *testing.T) {
	t.Helper()
	until(t, func() bool { return netns(t, "list-id").stdout == "" })
}

// What iproute2's own tests of ids do, with a command in place of ip: not a word on standard error, and its words.
func TestInPlaceOfIP(t *testing.T) {
	world.Clean(t)
	for _, ip := range []string{"ip", "netns"} {
		noIDs(t)
		says := func(want string, args ...string) {
			t.Helper()
			r := run(t, append([]string{ip}, args...)...)
			if r.code != 0 || r.stderr != "" || !strings.Contains(r.stdout, want) {
				t.Errorf("want %q, got %v", want, r)
			}
		}
		says("", "netns", "add", "testnsid")
		says("", "netns", "set", "testnsid", "99")
		says("testnsid (id: 99)\n", "netns", "list")
		says("testnsid (id: 99)\n", "netns")
		says("nsid 99 (iproute2 netns name: testnsid)\n", "netns", "list-id")
		says("", "netns", "del", "testnsid")
		noIDs(t)
		batch := filepath.Join(t.TempDir(), "batch")
		lines := "netns add testnsid\nnetns set testnsid 99\nnetns list-id\n"
		if err := os.WriteFile(batch, []byte(lines), 0o600); err != nil {
			t.Fatal(err)
		}
		says("nsid 99 (iproute2 netns name: testnsid)\n", "-b", batch)
		says("", "netns", "del", "testnsid")
	}
}

// A batch stops at the first failure unless told to go on, and says where, as ip does.
func TestBatch(t *testing.T) {
	world.Clean(t)
	const lines = `printf 'netns add a\nadd "b c" # comment\nadd a\nexec a sh -c "exit 9"\nnetns list\n'`
	r := sh(t, lines+" | netns -b -").want(t, 4, "netns: add a: /run/netns/a: exists: ready", "Command failed -:3\n")
	if r.stdout != "" {
		t.Error(r)
	}
	netns(t, "delete", "a", "b c")
	r = sh(t, lines+" | netns -force -batch -").want(t, 4, "Command failed -:3\nCommand failed -:4\n")
	if r.stdout != "a\nb c\n" {
		t.Error(r)
	}
	netns(t, "delete", "--all")
	sh(t, "echo -b x | netns -b -").want(t, 2, "cannot be in a batch", "Command failed -:1")
	sh(t, "echo add \"'x\" | netns -b -").want(t, 2, "-:1: a quoted word has no end")
	run(t, "netns", "-b", "/nope").want(t, 1, "no such file")
	run(t, "netns", "-b", "-", "list").want(t, 2, "takes no verb")
	sh(t, "echo create x | netns --dir /run/other -q -b - && netns --dir /run/other list").want(t, 0)
	sh(t, "netns --dir /run/other delete x; umount /run/other; rmdir /run/other").want(t, 0)
}

// A batch does not keep open what its lines have deleted.
func TestBatchLetsGo(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "-q", "a", "b", "c", "d")
	const open = `exec a sh -c 'ls /proc/$PPID/fd | wc -l'` + "\n"
	cmd := command("netns", "-b", "-")
	cmd.Stdin = strings.NewReader("delete b\n" + open + "delete c\ndelete d\n" + open)
	r := finish(t, cmd).want(t, 0)
	if before, after, _ := strings.Cut(r.stdout, "\n"); before+"\n" != after {
		t.Errorf("descriptors after one line and after three: %s", r.stdout)
	}
	netns(t, "delete", "a")
}

// JSON under -j is ip's.
func TestJSONAsIP(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "-q", "a", "b")
	netns(t, "set", "b", "7")
	for _, form := range []string{"-j netns list", "-json netns", "-j -p netns show", "-j netns list-id", "-pretty -json netns list-id nsid 7"} {
		var ours, ip any
		for command, value := range map[string]*any{"netns ": &ours, "ip ": &ip} {
			r := sh(t, command+form).want(t, 0)
			if err := json.Unmarshal([]byte(r.stdout), value); err != nil {
				t.Errorf("%v: %v", err, r)
			}
		}
		list := func(v any) string { // ip's are in no order
			var words []string
			for _, e := range v.([]any) {
				text, _ := json.Marshal(e)
				words = append(words, string(text))
			}
			slices.Sort(words)
			return strings.Join(words, " ")
		}
		if list(ours) != list(ip) {
			t.Errorf("%s: ip says %v, netns %v", form, ip, ours)
		}
	}
	netns(t, "delete", "a", "b")
	noIDs(t)
	// With no run directory, ip prints nothing, which is no JSON.
	sh(t, fresh).want(t, 0)
	for _, args := range []string{"-j list", "-j list-id", "-o json", "list-id -o json", "recover -o json"} {
		if r := sh(t, "netns "+args).want(t, 0); r.stdout != "[]\n" {
			t.Error(r)
		}
	}
	if r := sh(t, "ip -j netns list"); r.stdout != "" {
		t.Errorf("ip has learnt it: %v", r)
	}
}
