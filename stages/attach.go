//go:build linux

package stages

// attach takes a namespace that there is, in place of unshare. Whoever has it keeps it, so there is nothing to undo.
type attach struct{ Inside }

func decodeAttach([]byte) (Stage, error) { return attach{}, nil }

func (attach) Do(t *Target) error {
	t.ns = t.source
	return nil
}
