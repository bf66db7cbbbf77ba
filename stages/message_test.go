//go:build linux

package stages

import (
	"bytes"
	"fmt"
	"io"
	"reflect"
	"testing"
	"time"

	"github.com/netns-go/netns/persist"
	"golang.org/x/sys/unix"
)

func samples() []*message {
	taken := &persist.StateError{Path: "/run/netns/a", Entry: persist.Entry{Name: "a", State: persist.Kept, Stage: "verify", PID: 7}}
	return []*message{
		{kind: kindHello},
		{kind: kindPlan, dir: "/run/netns", names: []string{"a", "b c"}, keep: true,
			steps: []Step{{loopbackStage, []byte{}}, {"x", []byte("any\x00thing\n")}}},
		{kind: kindPlan, dir: "/run/netns", attach: true, progress: true},
		{kind: kindPlan, dir: "/run/netns", together: true, again: true},
		{kind: kindPlan, dir: "/run/netns", hand: true},
		{kind: kindBuilt},
		{kind: kindClaim},
		{kind: kindPublish},
		{kind: kindPassed, target: 3, stage: "verify", took: time.Second},
		{kind: kindReady, complete: 1000},
		{kind: kindReady, complete: 2, kept: true, target: 2, stage: "verify", err: toRemote(fmt.Errorf("x: %w", unix.EIO))},
		{kind: kindFailed, undone: true, err: toRemote(fmt.Errorf("publish: %w", taken))},
		{kind: kindFailed, err: toRemote(&persist.UnsupportedError{Need: "something", Err: unix.EINVAL})},
		{kind: kindCommit},
	}
}

func TestMessagesCross(t *testing.T) {
	r, w := sockets(t)
	go func() {
		defer w.Close()
		for _, m := range samples() {
			// A byte at a time, because the reader must not depend on the sizes of the writes.
			for _, b := range m.encode() {
				w.Write([]byte{b})
			}
		}
	}()
	c := newConn(r)
	defer r.Close()
	for _, want := range samples() {
		got, err := c.receive()
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v\nwant %+v", got, err, want)
		}
	}
	if _, err := c.receive(); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
}

// Any bytes are one message or an error, and decoding takes no more elements than there are bytes.
func FuzzMessage(f *testing.F) {
	for _, m := range samples() {
		f.Add(m.kind, m.encode()[headerLen:])
	}
	f.Add(byte(kindPlan), bytes.Repeat([]byte{0xff}, 20))
	f.Fuzz(func(t *testing.T, kind byte, body []byte) {
		m, err := decodeMessage(kind, body)
		if err != nil {
			return
		}
		if len(m.names) > len(body) || len(m.steps) > len(body) {
			t.Errorf("%d names and %d steps of %d bytes", len(m.names), len(m.steps), len(body))
		}
		again, err := decodeMessage(kind, m.encode()[headerLen:])
		if err != nil || !reflect.DeepEqual(m, again) {
			t.Errorf("%+v became %+v, %v", m, again, err)
		}
	})
}
