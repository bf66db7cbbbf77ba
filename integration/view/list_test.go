package view

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

// Tables have columns, and a row for each name, also without a namespace.
func TestListTables(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "-q", "--address", "10.1.2.3/32", "a", "long name")
	world.Sh(t, "ip -n a link add v0 type veth peer name v1 && netns set a 12 && touch /run/netns/zz").Want(t, 0)
	inode := strings.TrimSpace(world.Sh(t, "stat -Lc %i /run/netns/a").Stdout)
	if r := world.Netns(t, "list", "-o", "table"); r.Stdout !=
		"NAME       ID  STATE\na          12  ready\nlong name  -   ready\nzz         -   foreign\n" {
		t.Error(r)
	}
	r := world.Netns(t, "list", "-o", "wide")
	for _, want := range []string{inode, "lo,v1(down),v0(down)", "10.1.2.3/32", "\nzz "} {
		if !strings.Contains(r.Stdout, want) {
			t.Errorf("no %q in %v", want, r)
		}
	}
	// A namespace without a name has a path, and list counts the processes inside.
	for command, want := range map[string]string{
		"netns exec a netns list -o wide":                                      "a          -   ready    " + inode + "  1          lo,",
		"unshare --net sh -c 'netns list --all -o name; echo /proc/$$/ns/net'": "",
		"unshare --net sh -c 'netns list --all -o json'":                       `"path":"/proc/`,
	} {
		r := world.Sh(t, command).Want(t, 0)
		lines := strings.Split(strings.TrimSpace(r.Stdout), "\n")
		if last := lines[len(lines)-1]; !strings.Contains(r.Stdout, want) || want == "" && !slices.Contains(lines[:len(lines)-1], last) {
			t.Errorf("want %q, %v", want, r)
		}
	}
	// Without privilege, list does not see inside.
	if r := world.Sh(t, world.Nobody+"netns list -o wide").Want(t, 0); !strings.Contains(r.Stdout, inode) || strings.Contains(r.Stdout, "v0") {
		t.Error(r)
	}
	world.Run(t, "netns", "list", "-o", "nope").Want(t, 2, `unknown format "nope"; there is name, table, wide or json`)
	world.Run(t, "netns", "list", "-o", "json", "a").Want(t, 2, "takes no names")
	world.Netns(t, "delete", "a", "long name")
	os.Remove("/run/netns/zz")
}

// list visits many namespaces on several threads, each of which goes from one to the next: every row must show its own namespace.
func TestListShowsEachItsOwn(t *testing.T) {
	world.Clean(t)
	var names []string
	var links strings.Builder
	for i := range 200 {
		names = append(names, fmt.Sprintf("n%03d", i))
		if i%10 == 0 {
			fmt.Fprintf(&links, "ip -n n%03d link add d%d mtu %d type bridge\nip -n n%03d address add 10.0.0.%d/24 dev d%d\n", i, i, 1000+i, i, i, i)
		}
	}
	world.Netns(t, append([]string{"create", "-q", "--verify=false"}, names...)...)
	defer world.Netns(t, "delete", "-q", "--all")
	world.Sh(t, "set -e\n"+links.String()+`
		ip -n n000 link add name va type veth peer name vb address 02:00:00:00:00:01 netns n010
		ip -n n010 link add name bri type bridge
		ip -n n010 link set vb master bri
		ip -n n010 address add 10.9.0.1 peer 10.9.0.2/24 dev vb
		ip -n n010 address add fd00::1/64 dev vb`).Want(t, 0)
	var rows []struct {
		Name, State string
		Links       []struct {
			Name, Type, MAC, Master string
			MTU                     int
			PeerNSID                *int `json:"peer_nsid"`
			Addresses               []string
		}
	}
	if err := json.Unmarshal([]byte(world.Netns(t, "list", "-o", "json").Stdout), &rows); err != nil || len(rows) != len(names) {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for i, row := range rows {
		text := ""
		for _, l := range row.Links {
			peer := ""
			if l.PeerNSID != nil {
				peer = "peer"
			}
			if l.Type == "bridge" {
				l.MAC = "" // random
			}
			text += fmt.Sprintln(l.Name, l.Type, l.MTU, l.MAC, l.Master, peer, l.Addresses)
		}
		want := "lo loopback 65536    [127.0.0.1/8 ::1/128]\n"
		if i%10 == 0 {
			want += fmt.Sprintf("d%d bridge %d    [10.0.0.%d/24]\n", i, 1000+i, i)
		}
		switch i {
		case 0:
			text, _, _ = strings.Cut(text, "va veth") // its address is random
		case 10:
			want += "vb veth 1500 02:00:00:00:00:01 bri peer [10.9.0.1/32 fd00::1/64]\nbri bridge 1500    []\n"
		}
		if row.Name != names[i] || row.State != "ready" || text != want {
			t.Errorf("row %d: %s %s\n%swant\n%s", i, row.Name, row.State, text, want)
		}
	}
}

// list --all also looks into namespaces without a name.
func TestListAllShowsLinks(t *testing.T) {
	world.Clean(t)
	for _, where := range []string{"-o wide", "-o json"} {
		r := world.Sh(t, "unshare --net sh -c 'ip link add unnamed0 type veth peer unnamed1; netns list --all "+where+"'").Want(t, 0)
		if !strings.Contains(r.Stdout, "unnamed0") {
			t.Error(r)
		}
	}
}

// list opens each name once, reads a shared claim once on each thread, and asks for ids only if the kernel has any.
func TestListAsksOnce(t *testing.T) {
	world.Clean(t)
	var names []string
	for i := range 200 {
		names = append(names, fmt.Sprintf("n%03d", i))
	}
	world.Netns(t, append([]string{"create", "-q", "--verify=false"}, names...)...)
	defer world.Netns(t, "delete", "-q", "--all")
	const trace = "/run/trace"
	defer os.Remove(trace)
	calls := func() (opened, read, sent int) {
		world.Run(t, "strace", "-f", "--seccomp-bpf", "-e", "trace=openat,pread64,write", "-o", trace, "netns", "list", "-o", "wide").Want(t, 0)
		text, err := os.ReadFile(trace)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Count(string(text), `, "n`), strings.Count(string(text), "pread64("), strings.Count(string(text), "write(")
	}
	opened, read, sent := calls()
	if opened < len(names) || opened > len(names)+20 || read > 20 || sent < 2*len(names) || sent > 2*len(names)+20 {
		t.Errorf("%d names: %d opened, %d claims read, %d requests", len(names), opened, read, sent)
	}
	world.Netns(t, "set", "n100", "7")
	if _, _, sent := calls(); sent < 3*len(names) {
		t.Errorf("with an id: %d requests for %d names", sent, len(names))
	}
	if r := world.Netns(t, "list", "-o", "table"); !strings.Contains(r.Stdout, "n100  7   ready") {
		t.Error(r)
	}
}

// list leaves out names that go meanwhile, and each shown row is complete.
func TestListOfWhatChanges(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "-q", "stays")
	defer world.Netns(t, "delete", "stays")
	over := make(chan struct{})
	go func() {
		defer close(over)
		for range 40 {
			world.Run(t, "netns", "create", "-q", "a", "b", "z").Want(t, 0)
			world.Run(t, "netns", "delete", "-q", "a", "b", "z").Want(t, 0)
		}
	}()
	defer func() { <-over }()
	for changing := true; changing; {
		select {
		case <-over:
			changing = false
		default:
		}
		var rows []struct {
			Name, State string
			Inode       uint64
			Links       []struct{ Name string }
		}
		r := world.Netns(t, "list", "-o", "json")
		if err := json.Unmarshal([]byte(r.Stdout), &rows); err != nil {
			t.Fatal(err, r)
		}
		stays := false
		for _, row := range rows {
			stays = stays || row.Name == "stays"
			if row.State == "" || (row.State == "ready") != (row.Inode != 0) || row.State == "ready" && len(row.Links) != 1 {
				t.Errorf("%+v", row)
			}
		}
		if !stays {
			t.Error(r)
		}
	}
}

// Nothing tells a user that a namespace is empty if the user may not see all processes.
func TestProcessesUnknown(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "-q", "a", "b")
	defer world.Netns(t, "delete", "a", "b")
	const held = "netns exec a sleep 60 & pid=$!; until netns pids a | grep -q .; do sleep 0.01; done; "
	look := func(prefix, netns string) string {
		r := world.Sh(t, held+prefix+"netns "+netns+"; kill $pid; wait $pid 2>/dev/null").Want(t, 143)
		return strings.Join(strings.Fields(r.Stdout), " ") + r.Stderr
	}
	for _, command := range []struct{ netns, root, nobody string }{
		{"list -o json", `"processes":0,`, `"state":"ready"`},
		{"list -o wide", " 1 lo ", " - - -"},
		{"inspect -o json b", `"processes":[]`, `"state":"ready"`},
		{"inspect a", "::1/128 process ", "process unknown: "},
		{"pids a", "", "netns: warning: pids a: some may be missing: "},
		{"pids -o json b", "[]", "CAP_SYS_PTRACE"},
	} {
		if got := look("", command.netns); !strings.Contains(got, command.root) || strings.Contains(got, "warning") {
			t.Errorf("as root, %s: %s", command.netns, got)
		}
		if got := look(world.Nobody, command.netns); !strings.Contains(got, command.nobody) || strings.Contains(got, `"processes"`) {
			t.Errorf("as nobody, %s: %s", command.netns, got)
		}
	}
	if got := look(world.Nobody, "-q pids a"); got != "" {
		t.Error(got)
	}
	// A file system other than /proc there, or another PID namespace's, shows no process at all.
	r := world.Sh(t, "unshare --mount sh -c 'mount -t tmpfs none /proc && netns list -o wide'").Want(t, 0)
	if text := strings.Join(strings.Fields(r.Stdout), " "); strings.Contains(text, " 0 ") {
		t.Error(r)
	}
}
