package main

import (
	"fmt"
	"slices"

	"github.com/netns-go/netns/holders"
)

// checkKill refuses, before anything is done, to kill the machine or netns itself, or to leave hidden processes.
func (d *deletion) checkKill(names []string) error {
	if !d.kill {
		return nil
	}
	for some := range slices.Chunk(names, d.atOnce()) {
		d.openAll(some) // a name that cannot be opened has no namespace, or its deletion fails
		if err := holders.CheckKill(d.open...); err != nil {
			return killRefused(err)
		}
		if err := holders.CheckSight(d.open...); err != nil && !(d.force && is[*holders.HiddenError](err)) {
			return killRefused(err)
		}
		d.letGo()
	}
	return nil
}

// killRefused adds to an error for which no process is killed.
func killRefused(err error) error {
	err = advise(fmt.Errorf("delete: --kill: %w", err), nil)
	switch {
	case is[*holders.VitalError](err):
		return codedError{err, codeUsage}
	case is[*holders.HiddenError](err):
		return codedError{fmt.Errorf("%w; run it where they are seen, or use --force, which kills only what is seen", err), codeRemains}
	}
	return err
}

// endProcesses ends the processes in the open namespaces, with --kill.
func (d *deletion) endProcesses() error {
	if !d.kill || len(d.open) == 0 {
		return nil
	}
	o := holders.KillOptions{Signal: d.signal, Grace: d.grace, SeenOnly: d.force}
	if err := holders.Kill(d.ctx, o, d.open...); err != nil {
		return killRefused(err)
	}
	return nil
}
