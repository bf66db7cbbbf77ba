// Package teststage is a stage for tests, which fails in every way. It is initialised after package stages, like every
// embedder's package.
package teststage

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/persist"
	"github.com/netns-go/netns/stages"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

const name = "test.stage"

func init() {
	stages.Register(name, func(args []byte) (stages.Stage, error) {
		verb, rest, _ := strings.Cut(string(args), " ")
		if verb == "" {
			return nil, &stages.ArgumentError{Stage: name, Argument: verb, Reason: "no verb"}
		}
		return stage{verb, rest}, nil
	})
}

// Step returns a step of this stage; args is one of:
//
//	fail [NAME]   fails with EIO, on every namespace or on that one
//	panic         panics
//	exit          ends the child, as if it had succeeded
//	kill          kills the child
//	kill-parent   kills the parent and goes on
//	not-there     fails because no namespace has the name yet
//	taken         fails as if another name were taken
//	stop          stops the child with SIGSTOP
//	sleep         sleeps for a minute
//	lo-down       sets lo down
//	no-address    removes 127.0.0.1 from lo
//	mark DIR      makes the file DIR/NAME; Undo removes it
//	stuck DIR     makes the file DIR/NAME; Undo fails
func Step(args string) stages.Step { return stages.Step{Stage: name, Args: []byte(args)} }

type stage struct{ verb, argument string }

func (s stage) Do(t *stages.Target) error {
	switch s.verb {
	case "fail":
		if s.argument != "" && s.argument != t.Name {
			return nil
		}
		return fmt.Errorf("as it was asked to: %w", unix.EIO)
	case "panic":
		panic("as it was asked to")
	case "exit":
		os.Exit(0)
	case "kill":
		return unix.Kill(unix.Getpid(), unix.SIGKILL)
	case "kill-parent":
		return unix.Kill(unix.Getppid(), unix.SIGKILL)
	case "not-there", "taken":
		_, err := netns.Open(t.Name)
		if s.verb == "taken" {
			err = &persist.StateError{Path: "/else", Entry: persist.Entry{Name: "else", State: persist.Ready}}
		}
		return err
	case "stop":
		return unix.Kill(unix.Getpid(), unix.SIGSTOP)
	case "sleep":
		time.Sleep(time.Minute)
	case "lo-down", "no-address":
		lo, err := netlink.LinkByName("lo")
		if err != nil {
			return err
		}
		if s.verb == "lo-down" {
			return netlink.LinkSetDown(lo)
		}
		addr, err := netlink.ParseAddr("127.0.0.1/8")
		if err != nil {
			return err
		}
		return netlink.AddrDel(lo, addr)
	case "mark", "stuck":
		return os.WriteFile(s.argument+"/"+t.Name, nil, 0o600)
	default:
		return fmt.Errorf("unknown verb %q", s.verb)
	}
	return nil
}

func (s stage) Undo(t *stages.Target) error {
	switch s.verb {
	case "stuck":
		return errors.New("stuck as it was asked to")
	case "mark":
		if err := os.Remove(s.argument + "/" + t.Name); err != nil && !os.IsNotExist(err) {
			return err
		}
	}
	return nil
}
