//go:build linux

package persist

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

func sample() *record {
	return &record{
		tx: txKept, stage: "verify", boot: "6c3eace7-3e0c-4030-a6b4-dba8bcf5b337", mntns: mountNS{4026531832, 7}, pid: 42,
		members: []member{{memberHere, "first"}, {memberGoing, "a b"}, {memberKept, strings.Repeat("x", 255)}},
	}
}

func TestRecordRoundTrip(t *testing.T) {
	want := sample()
	data := want.encode()
	got, err := decodeRecord(data)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range got.members {
		if at := memberAt(data, m.name); data[at] != m.state || !bytes.HasPrefix(data[at+1:], []byte(m.name+"\n")) {
			t.Errorf("the state of %q is not at %d", m.name, at)
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if data[stateAt] != txKept || string(data[stageAt:stageAt+6]) != "verify" {
		t.Errorf("state and stage are not where they are written: %q", data)
	}
}

func TestRecordOfOthers(t *testing.T) {
	data := string(sample().encode())
	for text, want := range map[string]error{
		"":                   errNoRecord,
		"netns":              errNoRecord,
		"# a comment\n":      errNoRecord,
		"netns claim ":       errIncompatible,
		"netns claim 2\nb\n": errIncompatible,
		"netns claim 12\n":   errIncompatible,
		data[:len(data)-1]:   errIncompatible,
		data[:100]:           errIncompatible,
		data + "\n":          errIncompatible,
		strings.Replace(data, "\n.first\n", "\n.../first\n", 1): errIncompatible,
	} {
		if _, err := decodeRecord([]byte(text)); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", text, err, want)
		}
	}
}

// A thousand names of full length take a record of their size, not of its square.
func TestRecordStaysSmall(t *testing.T) {
	r := sample()
	r.members = nil
	for i := range 1000 {
		r.members = append(r.members, member{memberHere, fmt.Sprintf("%0255d", i)})
	}
	if n := len(r.encode()); n > 300_000 {
		t.Errorf("%d bytes", n)
	}
}

// decodeRecord reads any file as a record that encode could have written, or returns an error.
func FuzzRecord(f *testing.F) {
	f.Add(sample().encode())
	f.Add([]byte("netns claim 1\nb\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := decodeRecord(data)
		if err != nil {
			return
		}
		again, err := decodeRecord(r.encode())
		if err != nil || !reflect.DeepEqual(r.members, again.members) && len(r.encode()) == len(data) {
			t.Errorf("%q was read as %+v, then %+v, %v", data, r, again, err)
		}
		for _, m := range r.members {
			known := m.state == memberHere || m.state == memberKept || m.state == memberGoing
			if at := memberAt(data, m.name); known && !bytes.HasPrefix(data[at+1:], []byte(m.name+"\n")) {
				t.Errorf("the state of %q is not at %d", m.name, at)
			}
		}
	})
}

// memberAt finds a member at any place, and takes no other text for it.
func TestMemberAt(t *testing.T) {
	r := sample()
	r.members = append([]member{{memberHere, "x.last"}}, r.members...)
	r.members = append(r.members, member{memberHere, "x.first"}, member{memberHere, ".irst"}, member{memberKept, "last"})
	r.stage = ".stage"
	data := r.encode()
	for _, m := range r.members {
		at := memberAt(data, m.name)
		if at == 0 || data[at] != m.state || string(data[at-1:at]) != "\n" || !bytes.HasPrefix(data[at+1:], []byte(m.name+"\n")) {
			t.Fatalf("%.10s: %d", m.name, at)
		}
	}
	for _, name := range []string{"st", "lasts", "id 42", "stage" + strings.Repeat(" ", MaxStage-6), "oot " + r.boot} {
		if at := memberAt(data, name); at != 0 {
			t.Errorf("%s: %d", name, at)
		}
	}
	data[0] = '#'
	if at := memberAt(data, "first"); at != 0 {
		t.Errorf("in what is no claim: %d", at)
	}
}

// An unreadable boot id is unknown. It is neither an error nor another boot.
func TestUnknownBoot(t *testing.T) {
	const id = "/proc/sys/kernel/random/boot_id"
	s := prepared(t)
	empty := world.Scratch + "/empty"
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	defer os.Remove(empty)
	for cover, over := range map[string]string{empty: id, world.Scratch: "/proc/sys/kernel/random"} {
		done(t, s, "before")
		if err := unix.Mount(cover, over, "", unix.MS_BIND, ""); err != nil {
			t.Fatal(err)
		}
		done(t, s, "since")
		for _, name := range []string{"before", "since"} {
			if err := unix.Unmount(s.Path(name), unix.MNT_DETACH); err != nil {
				t.Fatal(err)
			}
			inState(t, s, name, Unmounted)
		}
		if bootID() != unknownBoot {
			t.Errorf("with %s over %s the boot id is %q", cover, over, bootID())
		}
		if err := unix.Unmount(over, 0); err != nil {
			t.Fatal(err)
		}
		inState(t, s, "since", Unmounted)
		remove(t, s, "before", "since")
	}
}
