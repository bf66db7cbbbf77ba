//go:build linux

package stages

import (
	"encoding/binary"
	"fmt"
	"time"
)

// The kinds of messages. Parent and child exchange them over a stream socket: a kind, the length of the rest (four bytes,
// little-endian), and the rest. Both run the same executable, so the protocol has no version.
//
//	child                       parent
//	hello                 ─►
//	                      ◄─    plan, with the namespace to attach, if any
//	                      ◄─    claim, with the run directory and the claim: the parent makes it while the child builds
//	passed (if asked for) ─►
//	built                 ─►                  \ if the child must
//	                      ◄─    publish       / wait for the parent
//	ready or failed       ─►    ready with the namespace, if asked for
//	                      ◄─    commit
//	                      ◄─    plan, if the child is kept for another one
//
// End of file in place of a message means that the other process is dead or has given up.
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

	headerLen = 5
	// Room for a million names of full length.
	maxMessage = 1 << 28
)

// A message of either process. Its kind decides which fields it has, see [message.code].
type message struct {
	kind byte

	dir      string // the run directory's path, for error messages
	names    []string
	steps    []Step // without the first and the last
	attach   bool   // the first step is attach, not unshare
	keep     bool
	progress bool
	together bool // the child must send built, and wait for publish
	again    bool // another plan will follow
	hand     bool // the child must send the one namespace, open, with ready

	target uint64 // the namespace, as an index of names
	stage  string
	took   time.Duration
	err    remoteError // of ready only if the plan keeps namespaces after a failure
	undone bool        // the child has rolled back everything

	complete uint64 // the number of namespaces, from the first, that are complete
	kept     bool   // the target, on which a stage failed, was published as it was
}

// code writes or reads the fields that a message of this kind has.
func (m *message) code(c *codec) {
	switch m.kind {
	case kindPlan:
		text(c, &m.dir)
		list(c, &m.names, func(name *string, c *codec) { text(c, name) })
		list(c, &m.steps, (*Step).code)
		flag(c, &m.attach, &m.keep, &m.progress, &m.together, &m.again, &m.hand)
	case kindPassed:
		number(c, &m.target)
		text(c, &m.stage)
		number(c, &m.took)
	case kindReady, kindFailed:
		number(c, &m.target, &m.complete)
		text(c, &m.stage)
		flag(c, &m.undone, &m.kept)
		m.err.code(c)
	case kindHello, kindClaim, kindBuilt, kindPublish, kindCommit:
	default:
		c.bad = true
	}
}

func (s *Step) code(c *codec) {
	text(c, &s.Stage)
	text(c, &s.Args)
}

// encode returns the message as bytes, header included.
func (m *message) encode() []byte {
	c := &codec{bytes: make([]byte, headerLen, 256)}
	m.code(c)
	c.bytes[0] = m.kind
	binary.LittleEndian.PutUint32(c.bytes[1:], uint32(len(c.bytes)-headerLen))
	return c.bytes
}

// decodeMessage returns the message that has this kind and these bytes after its header.
func decodeMessage(kind byte, body []byte) (*message, error) {
	m, c := &message{kind: kind}, &codec{bytes: body, reading: true}
	m.code(c)
	if c.bad || len(c.bytes) > 0 {
		return nil, fmt.Errorf("malformed message of kind %q, %d bytes", kind, len(body))
	}
	return m, nil
}
