package rollback_test

import (
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"github.com/netns-go/netns/rollback"
)

// run adds three steps, of which the ones named in broken cannot be undone, and ends as end says.
func run(broken map[string]error, commit bool, end error) (undone []string, err error) {
	func() {
		var tx rollback.Tx
		defer tx.Rollback(&err)
		for _, name := range []string{"one", "two", "three"} {
			tx.Add(name, func() error {
				undone = append(undone, name)
				return broken[name]
			})
		}
		if commit {
			tx.Commit()
		}
		err = end
	}()
	return undone, err
}

var reverse = []string{"three", "two", "one"}

func TestCommitKeepsEverything(t *testing.T) {
	undone, err := run(nil, true, nil)
	if undone != nil || err != nil {
		t.Fatalf("undone %v, error %v", undone, err)
	}
}

func TestFailureUndoesNewestFirstAndKeepsTheCause(t *testing.T) {
	cause := &fs.PathError{Op: "mount", Path: "/x", Err: syscall.EPERM}
	undone, err := run(nil, false, cause)
	if !reflect.DeepEqual(undone, reverse) {
		t.Errorf("undone %v, want %v", undone, reverse)
	}
	if err != error(cause) {
		t.Errorf("the cause became %#v", err)
	}
}

func TestSuccessWithoutCommitIsAnError(t *testing.T) {
	undone, err := run(nil, false, nil)
	if !reflect.DeepEqual(undone, reverse) || !errors.Is(err, rollback.ErrNotCommitted) {
		t.Fatalf("undone %v, error %v", undone, err)
	}
}

func TestFailedUndoIsReportedAndStopsNothing(t *testing.T) {
	cause := fmt.Errorf("verify: %w", syscall.ETIMEDOUT)
	undone, err := run(map[string]error{"three": syscall.EBUSY, "one": syscall.EIO}, false, cause)
	if !reflect.DeepEqual(undone, reverse) {
		t.Errorf("undone %v, want %v", undone, reverse)
	}
	for _, want := range []error{syscall.ETIMEDOUT, syscall.EBUSY, syscall.EIO} {
		if !errors.Is(err, want) {
			t.Errorf("%v is not in %q", want, err)
		}
	}
	var undo *rollback.UndoError
	if !errors.As(err, &undo) || undo.Step != "three" {
		t.Errorf("errors.As found %+v", undo)
	}
	if text := err.Error(); strings.Contains(text, "\n") || !strings.HasPrefix(text, "verify: ") {
		t.Errorf("text %q is not one line that begins with the cause", text)
	}
}

func TestPanicIsRolledBackAndGoesOn(t *testing.T) {
	var undone int
	defer func() {
		if recover() != "boom" || undone != 2 {
			t.Errorf("undone %d of 2, or the panic was lost", undone)
		}
	}()
	var err error
	var tx rollback.Tx
	defer tx.Rollback(&err)
	tx.Add("first", func() error { undone++; return nil })
	tx.Add("second", func() error { undone++; panic("in undo") })
	panic("boom")
}

func TestRollbackTwiceUndoesOnce(t *testing.T) {
	var tx rollback.Tx
	n := 0
	tx.Add("step", func() error { n++; return nil })
	err := error(syscall.EIO)
	tx.Rollback(&err)
	tx.Rollback(&err)
	if n != 1 || err != error(syscall.EIO) {
		t.Fatalf("undone %d times, error %v", n, err)
	}
}
