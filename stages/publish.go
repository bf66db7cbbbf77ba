//go:build linux

package stages

import (
	"github.com/netns-go/netns/persist"
	"github.com/netns-go/netns/rollback"
	"golang.org/x/sys/unix"
)

// publish gives the namespace its name. It is the one built-in stage with something to undo.
type publish struct{}

func decodePublish([]byte) (Stage, error) { return publish{}, nil }

func (p publish) Do(t *Target) (err error) {
	var tx rollback.Tx
	defer tx.Rollback(&err)
	if err := t.claim.Link(t.Name); err != nil {
		return persist.Needs(unix.CAP_DAC_OVERRIDE, "writing to the run directory", err)
	}
	tx.Add("link", func() error { return p.Undo(t) })
	if err := t.claim.Mount(t.Name, t.ns); err != nil {
		return persist.Needs(unix.CAP_SYS_ADMIN, "mounting a namespace", err)
	}
	tx.Commit()
	return nil
}

func (publish) Undo(t *Target) error {
	if t.claim == nil { // so it was never linked
		return nil
	}
	return t.claim.Withdraw(t.Name)
}
