//go:build linux

package stages

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"time"

	"github.com/netns-go/netns/persist"
)

// What parent and child say to each other, over a stream socket: a kind, the length of what follows (four bytes,
// little-endian), and what follows.
//
//	child                       parent
//	hello <version>       ─►
//	                      ◄─    plan, with what is to be attached
//	                      ◄─    claim, with the run directory and the claim, which the parent gets ready while the child builds
//	passed (if asked for) ─►
//	built                 ─►                  \ if several children
//	                      ◄─    publish       / work together
//	ready or failed       ─►    ready with the namespace, if it was asked for
//	                      ◄─    commit
//	                      ◄─    plan, if the child is kept for more
//
// End of file in place of a message means that the other is dead or has given up.
const (
	kindHello   = 'h'
	kindPlan    = 'p'
	kindClaim   = 'n'
	kindPassed  = 's'
	kindBuilt   = 'b'
	kindPublish = 'u'
	kindReady   = 'r'
	kindFailed  = 'f'
	kindCommit  = 'c'

	protocol  = 6
	headerLen = 5
	// A million names of full length.
	maxMessage = 1 << 28
)

// A message is what one half tells the other. Which fields are used depends on its kind.
type message struct {
	kind byte

	version uint64 // hello

	dir      string // plan: the run directory's path, for messages
	names    []string
	steps    []Step // without the first and the last
	attach   bool   // the first is attach and not unshare
	keep     bool
	progress bool
	together bool // wait for the others before anything gets its name
	again    bool // there will be another plan
	hand     bool // send the one namespace, open, with ready

	target uint64 // passed, failed: which namespace
	stage  string // passed, failed: which stage
	took   time.Duration
	err    remoteError // failed; ready, if something failed and the plan says to keep what there is
	undone bool        // failed: the child has rolled back all that it did

	complete uint64 // ready: so many namespaces, from the first, are complete
	kept     bool   // ready: the target that failed was published as it was
}

// A remoteError is an error that crossed from the child: its text, and what in it callers branch on.
type remoteError struct {
	text        string
	errno       syscall.Errno // if it has one
	unsupported bool
	taken       persist.StateError // if it says that a name is taken
	busy        persist.BusyError  // if it says that something else holds it
	lacking     string             // the capability, if it says that one is missing
	refused     string             // the capability, if it says that one is there
}

func (e *remoteError) Error() string { return e.text }

// Unwrap returns the errno.
func (e *remoteError) Unwrap() error {
	if e.errno == 0 {
		return nil
	}
	return e.errno
}

// Is makes the error match [errors.ErrUnsupported] if it did in the child.
func (e *remoteError) Is(target error) bool { return e.unsupported && target == errors.ErrUnsupported }

// As finds the *[persist.StateError], *[persist.BusyError], *[persist.PrivilegeError] or *[persist.RefusedError] that there
// was in the child.
func (e *remoteError) As(target any) bool {
	switch target := target.(type) {
	case **persist.StateError:
		*target = &e.taken
		return e.taken.Path != ""
	case **persist.BusyError:
		*target = &e.busy
		return e.busy.Path != ""
	case **persist.PrivilegeError:
		*target = &persist.PrivilegeError{Capability: e.lacking, Err: e}
		return e.lacking != ""
	case **persist.RefusedError:
		*target = &persist.RefusedError{Capability: e.refused, Err: e}
		return e.refused != ""
	}
	return false
}

func toRemote(err error) remoteError {
	r := remoteError{text: err.Error(), unsupported: errors.Is(err, errors.ErrUnsupported)}
	var taken *persist.StateError
	if errors.As(err, &taken) {
		r.errno, r.taken = syscall.EEXIST, *taken
		return r
	}
	var busy *persist.BusyError
	if errors.As(err, &busy) {
		r.busy = *busy
	}
	var lacking *persist.PrivilegeError
	if errors.As(err, &lacking) {
		r.lacking = lacking.Capability
	}
	var refused *persist.RefusedError
	if errors.As(err, &refused) {
		r.refused = refused.Capability
	}
	if !errors.As(err, &r.errno) && errors.Is(err, fs.ErrNotExist) {
		r.errno = syscall.ENOENT
	}
	return r
}

func (m *message) encode() []byte {
	b := make([]byte, headerLen, 256)
	b[0] = m.kind
	switch m.kind {
	case kindHello:
		b = binary.AppendUvarint(b, m.version)
	case kindPlan:
		b = appendText(b, m.dir)
		b = binary.AppendUvarint(b, uint64(len(m.names)))
		for _, name := range m.names {
			b = appendText(b, name)
		}
		b = binary.AppendUvarint(b, uint64(len(m.steps)))
		for _, step := range m.steps {
			b = appendText(appendText(b, step.Stage), string(step.Args))
		}
		for _, flag := range []bool{m.attach, m.keep, m.progress, m.together, m.again, m.hand} {
			b = appendFlag(b, flag)
		}
	case kindPassed:
		b = appendText(binary.AppendUvarint(b, m.target), m.stage)
		b = binary.AppendUvarint(b, uint64(m.took))
	case kindReady, kindFailed:
		b = appendText(binary.AppendUvarint(b, m.target), m.stage)
		b = binary.AppendUvarint(appendText(b, m.err.text), uint64(m.err.errno))
		b = appendText(appendText(appendFlag(b, m.err.unsupported), m.err.taken.Path), m.err.taken.Name)
		b = appendText(appendText(b, string(m.err.taken.State)), m.err.taken.Stage)
		b = appendText(binary.AppendUvarint(b, uint64(m.err.taken.PID)), m.err.busy.Path)
		b = appendText(appendText(appendText(b, m.err.busy.Reason), m.err.lacking), m.err.refused)
		b = appendFlag(b, m.undone)
		b = appendFlag(binary.AppendUvarint(b, m.complete), m.kept)
	}
	binary.LittleEndian.PutUint32(b[1:], uint32(len(b)-headerLen))
	return b
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendFlag(b []byte, flag bool) []byte {
	if flag {
		return append(b, 1)
	}
	return append(b, 0)
}

// decodeMessage is encode's inverse, without the header.
func decodeMessage(kind byte, body []byte) (*message, error) {
	m := &message{kind: kind}
	d := decoder{rest: body}
	switch kind {
	case kindHello:
		m.version = d.number()
	case kindPlan:
		m.dir = d.text()
		for n := d.count(); n > 0; n-- {
			m.names = append(m.names, d.text())
		}
		for n := d.count(); n > 0; n-- {
			m.steps = append(m.steps, Step{d.text(), []byte(d.text())})
		}
		m.attach, m.keep, m.progress, m.together = d.flag(), d.flag(), d.flag(), d.flag()
		m.again, m.hand = d.flag(), d.flag()
	case kindPassed:
		m.target, m.stage, m.took = d.number(), d.text(), time.Duration(d.number())
	case kindReady, kindFailed:
		m.target, m.stage = d.number(), d.text()
		m.err = remoteError{text: d.text(), errno: syscall.Errno(d.number()), unsupported: d.flag()}
		m.err.taken.Path, m.err.taken.Name = d.text(), d.text()
		m.err.taken.State, m.err.taken.Stage, m.err.taken.PID = persist.State(d.text()), d.text(), int(d.number())
		m.err.busy.Path, m.err.busy.Reason, m.err.lacking, m.err.refused = d.text(), d.text(), d.text(), d.text()
		m.undone, m.complete, m.kept = d.flag(), d.number(), d.flag()
	case kindClaim, kindBuilt, kindPublish, kindCommit:
	default:
		d.bad = true
	}
	if d.bad || len(d.rest) > 0 {
		return nil, fmt.Errorf("malformed message of kind %q, %d bytes", kind, len(body))
	}
	return m, nil
}

// A decoder takes values from the front of a message. Past its end, or at what is none, they are zero and bad is set.
type decoder struct {
	rest []byte
	bad  bool
}

func (d *decoder) number() uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.bad, d.rest = true, nil
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

// count is the number of elements that follow; each has a byte at least.
func (d *decoder) count() uint64 {
	n := d.number()
	if n > uint64(len(d.rest)) {
		d.bad = true
		return 0
	}
	return n
}

func (d *decoder) text() string {
	n := d.count()
	s := string(d.rest[:n])
	d.rest = d.rest[n:]
	return s
}

func (d *decoder) flag() bool {
	v := d.number()
	if v > 1 {
		d.bad = true
	}
	return v == 1
}
