//go:build linux

package stages

import "github.com/netns-go/netns/rollback"

// Here does steps on the calling thread, which must be locked, in its network namespace; with [Unshare] as the first, in
// a new one without a name. The [Target] that stages get has no name and no path.
//
// It returns an *[ArgumentError] before it does anything, or an *[Error]. What the steps did outside of the namespace is
// then undone, on the calling thread, but for what an additional *[rollback.UndoError] reports; what they did inside
// remains, and so does the thread.
func Here(steps ...Step) (err error) {
	built, err := build(steps)
	if err != nil {
		return err
	}
	var target Target
	defer func() {
		if target.ns != nil {
			target.ns.Close()
		}
	}()
	var tx rollback.Tx
	defer tx.Rollback(&err)
	for i, stage := range built {
		if err := stage.Do(&target); err != nil {
			return &Error{Stage: steps[i].Stage, Err: err}
		}
		tx.Add(steps[i].Stage, func() error { return stage.Undo(&target) })
	}
	tx.Commit()
	return nil
}
