//go:build linux

package persist

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"
)

// A claim's record is text, so a person can read it when the mount is gone:
//
//	netns claim 1
//	b
//	                (room for the name of a stage)
//	boot 6c3eace7-3e0c-4030-a6b4-dba8bcf5b337   (or unknown)
//	mntns 4026531832 1
//	pid 4711
//	.first
//	.second
//
// Each field that changes later has a fixed width and place, so a change is one write of bytes that are already allocated.
const (
	magic      = "netns claim "
	version    = "1\n"
	stateAt    = int64(len(magic + version))
	stageAt    = stateAt + 2
	stageWidth = MaxStage
	// A million names is more than the kernel has descriptors or mounts for.
	maxRecord = 1 << 28
)

const (
	txBegun = 'b' // the transaction has not ended; if no process holds the lock, it died
	txDone  = 'd' // all its members are complete
	txKept  = 'k' // it failed, and its members were kept as the caller asked

	memberHere  = '.'
	memberKept  = 'k' // incomplete: the record's stage failed on it
	memberGoing = 'g' // a process has begun to delete it
)

var (
	errNoRecord     = errors.New("not a claim")
	errIncompatible = errors.New("a claim in a format of another version of netns, or damaged")
)

// isVerdict reports whether an error of readRecord is about the contents of the file, and not about reading it.
func isVerdict(err error) bool { return err == errNoRecord || err == errIncompatible }

// A record describes the transaction that made a claim.
type record struct {
	tx      byte
	stage   string // the stage that failed, if kept
	boot    string
	mntns   mountNS
	pid     int
	members []member
}

type member struct {
	state byte
	name  string
	at    int64 // the place of its state byte in the claim
}

func (r *record) encode() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s%s%s\n%-*s\nboot %s\nmntns %d %d\npid %d\n", magic, version, []byte{r.tx}, stageWidth, r.stage,
		r.boot, r.mntns.inode, r.mntns.id, r.pid)
	for _, m := range r.members {
		fmt.Fprintf(&b, "%s%s\n", []byte{m.state}, m.name)
	}
	return b.Bytes()
}

// decodeRecord returns errNoRecord if data is not a record, and errIncompatible if it is an invalid one.
func decodeRecord(data []byte) (*record, error) {
	text, ours := strings.CutPrefix(string(data), magic)
	if !ours {
		return nil, errNoRecord
	}
	if text, ours = strings.CutPrefix(text, version); !ours || !strings.HasSuffix(text, "\n") {
		return nil, errIncompatible
	}
	lines := strings.SplitN(text, "\n", 6)
	if len(lines) < 6 || len(lines[0]) != 1 || len(lines[1]) != stageWidth || !isASCII(lines[1]) {
		return nil, errIncompatible
	}
	r := &record{tx: lines[0][0], stage: strings.TrimRight(lines[1], " ")}
	header := strings.Join(lines[2:5], "\n")
	if _, err := fmt.Sscanf(header, "boot %s\nmntns %d %d\npid %d",
		&r.boot, &r.mntns.inode, &r.mntns.id, &r.pid); err != nil {
		return nil, errIncompatible
	}
	at := stageAt + stageWidth + 1 + int64(len(header)) + 1
	r.members = make([]member, 0, strings.Count(lines[5], "\n"))
	for line := range strings.Lines(lines[5]) {
		if len(line) < 3 || CheckFileName(line[1:len(line)-1]) != nil { // an invalid name could lead out of the directory
			return nil, errIncompatible
		}
		r.members = append(r.members, member{line[0], line[1 : len(line)-1], at})
		at += int64(len(line))
	}
	return r, nil
}

// member returns the member with a name, or nil. The record may be nil.
func (r *record) member(name string) *member {
	if r == nil {
		return nil
	}
	for i := range r.members {
		if r.members[i].name == name {
			return &r.members[i]
		}
	}
	return nil
}

// isASCII reports whether each character has one byte. encode pads the name of a stage by characters.
func isASCII(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf })
}

// readRecord reads the record of a claim.
func readRecord(f *os.File) (*record, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errNoRecord
	}
	if info.Size() > maxRecord {
		return nil, errIncompatible
	}
	data := make([]byte, info.Size())
	n, err := f.ReadAt(data, 0)
	if n < len(data) {
		return nil, err
	}
	return decodeRecord(data)
}

// A text is a file, or the contents of one.
type text interface {
	io.ReaderAt
	Size() int64
}

// memberAt returns the place of a member's state in a claim, or 0 if the text is not a claim, or has no such member. It looks at
// one place first, because the record of a large transaction is long.
func memberAt(claim text, name string, first int64) (int64, error) {
	const ours = magic + version
	if head, err := readHead(claim, len(ours)); err != nil || head != ours {
		return 0, err
	}
	line := []byte(name + "\n")
	near := make([]byte, 2+len(line))
	if n, _ := claim.ReadAt(near, max(0, first-1)); n == len(near) && isMember(near, line) {
		return first, nil
	}
	const headerLen = stageAt + stageWidth // the lines after it do not look like a member's
	if claim.Size() <= headerLen || claim.Size() > maxRecord {
		return 0, nil
	}
	data := make([]byte, claim.Size()-headerLen)
	if _, err := claim.ReadAt(data, headerLen); err != nil {
		return 0, err
	}
	for at := 0; ; at++ {
		i := bytes.Index(data[at:], line)
		if i < 0 {
			return 0, nil
		}
		if at += i; at >= 2 && isMember(data[at-2:], line) {
			return headerLen + int64(at) - 1, nil
		}
	}
}

// isMember reports whether text is the end of a line, followed by a member's line.
func isMember(text, line []byte) bool {
	return text[0] == '\n' && bytes.IndexByte([]byte{memberHere, memberKept, memberGoing}, text[1]) >= 0 && bytes.HasPrefix(text[2:], line)
}

// isDone reports whether a file is the claim of a complete transaction. It reads only the beginning: a record names all
// members, and a caller may look at each of them.
func isDone(f *os.File) (bool, error) {
	const done = magic + version + string(txDone)
	head, err := readHead(f, len(done))
	return head == done, err
}

// readHead reads n bytes from the beginning of a file, or all of a shorter one.
func readHead(f io.ReaderAt, n int) (string, error) {
	head := make([]byte, n)
	n, err := f.ReadAt(head, 0)
	if err == io.EOF {
		err = nil
	}
	return string(head[:n]), err
}
