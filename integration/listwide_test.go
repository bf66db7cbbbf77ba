package integration

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

// Many namespaces are looked at on several threads, each of which goes from one to the next: every row must be its own.
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
	netns(t, append([]string{"create", "-q", "--verify=false"}, names...)...)
	defer netns(t, "delete", "-q", "--all")
	sh(t, "set -e\n"+links.String()+`
		ip -n n000 link add name va type veth peer name vb address 02:00:00:00:00:01 netns n010
		ip -n n010 link add name bri type bridge
		ip -n n010 link set vb master bri
		ip -n n010 address add 10.9.0.1 peer 10.9.0.2/24 dev vb
		ip -n n010 address add fd00::1/64 dev vb`).want(t, 0)
	var rows []struct {
		Name, State string
		Links       []struct {
			Name, Type, MAC, Master string
			MTU                     int
			PeerNSID                *int `json:"peer_nsid"`
			Addresses               []string
		}
	}
	if err := json.Unmarshal([]byte(netns(t, "list", "-o", "json").stdout), &rows); err != nil || len(rows) != len(names) {
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
				l.MAC = "" // drawn
			}
			text += fmt.Sprintln(l.Name, l.Type, l.MTU, l.MAC, l.Master, peer, l.Addresses)
		}
		want := "lo loopback 65536    [127.0.0.1/8 ::1/128]\n"
		if i%10 == 0 {
			want += fmt.Sprintf("d%d bridge %d    [10.0.0.%d/24]\n", i, 1000+i, i)
		}
		switch i {
		case 0:
			text, _, _ = strings.Cut(text, "va veth") // its address is drawn
		case 10:
			want += "vb veth 1500 02:00:00:00:00:01 bri peer [10.9.0.1/32 fd00::1/64]\nbri bridge 1500    []\n"
		}
		if row.Name != names[i] || row.State != "ready" || text != want {
			t.Errorf("row %d: %s %s\n%swant\n%s", i, row.Name, row.State, text, want)
		}
	}
}

// What has no name is looked into as well.
func TestListAllShowsLinks(t *testing.T) {
	world.Clean(t)
	for _, where := range []string{"-o wide", "-o json"} {
		r := sh(t, "unshare --net sh -c 'ip link add unnamed0 type veth peer unnamed1; netns list --all "+where+"'").want(t, 0)
		if !strings.Contains(r.stdout, "unnamed0") {
			t.Error(r)
		}
	}
}

// Of thousands, each is opened once, the claim that they share is read once for a thread, and ids are asked for only where
// there are any.
func TestListAsksOnce(t *testing.T) {
	world.Clean(t)
	var names []string
	for i := range 200 {
		names = append(names, fmt.Sprintf("n%03d", i))
	}
	netns(t, append([]string{"create", "-q", "--verify=false"}, names...)...)
	defer netns(t, "delete", "-q", "--all")
	const trace = "/run/trace"
	defer os.Remove(trace)
	calls := func() (opened, read, sent int) {
		run(t, "strace", "-f", "--seccomp-bpf", "-e", "trace=openat,pread64,write", "-o", trace, "netns", "list", "-o", "wide").want(t, 0)
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
	netns(t, "set", "n100", "7")
	if _, _, sent := calls(); sent < 3*len(names) {
		t.Errorf("with an id: %d requests for %d names", sent, len(names))
	}
	if r := netns(t, "list", "-o", "table"); !strings.Contains(r.stdout, "n100  7   ready") {
		t.Error(r)
	}
}

// What goes meanwhile is left out, and what is shown is whole.
func TestListOfWhatChanges(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "-q", "stays")
	defer netns(t, "delete", "stays")
	over := make(chan struct{})
	go func() {
		defer close(over)
		for range 40 {
			run(t, "netns", "create", "-q", "a", "b", "z").want(t, 0)
			run(t, "netns", "delete", "-q", "a", "b", "z").want(t, 0)
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
		r := netns(t, "list", "-o", "json")
		if err := json.Unmarshal([]byte(r.stdout), &rows); err != nil {
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
