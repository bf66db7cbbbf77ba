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

	"github.com/netns-go/netns/internal/sys"
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
	magic   = "netns claim "
	version = "1\n"
	stateAt = int64(len(magic + version))
	stageAt = stateAt + 2
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
}

func (r *record) encode() []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s%s%s\n%-*s\nboot %s\nmntns %d %d\npid %d\n", magic, version, []byte{r.tx}, MaxStage, r.stage,
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
	if len(lines) < 6 || len(lines[0]) != 1 || len(lines[1]) != MaxStage || !isASCII(lines[1]) {
		return nil, errIncompatible
	}
	r := &record{tx: lines[0][0], stage: strings.TrimRight(lines[1], " ")}
	if _, err := fmt.Sscanf(strings.Join(lines[2:5], "\n"), "boot %s\nmntns %d %d\npid %d",
		&r.boot, &r.mntns.inode, &r.mntns.id, &r.pid); err != nil {
		return nil, errIncompatible
	}
	r.members = make([]member, 0, strings.Count(lines[5], "\n"))
	for line := range strings.Lines(lines[5]) {
		if len(line) < 3 || CheckFileName(line[1:len(line)-1]) != nil { // an invalid name could lead out of the directory
			return nil, errIncompatible
		}
		r.members = append(r.members, member{line[0], line[1 : len(line)-1]})
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

// diedHere reports whether a transaction that no process holds has not ended, and was made in the caller's mount namespace or
// in one that is proven gone. In any other mount namespace, the transaction may be complete. The record may be nil.
func (r *record) diedHere() (bool, error) {
	if r == nil || r.tx != txBegun {
		return false, nil
	}
	fate, err := r.mntns.fate()
	return !fate.isElsewhere(), err
}

// otherBoot reports whether the claim was made before the machine last started. It is right only for a claim of this mount
// namespace: after a start the kernel uses ids again. A container has a boot id of its own.
func (r *record) otherBoot() bool {
	boot := bootID()
	return r.boot != boot && r.boot != unknownBoot && boot != unknownBoot
}

// unknownBoot is the boot id in a record if the kernel's is unreadable.
const unknownBoot = "unknown"

// bootID returns the random id of this start of the kernel (proc_sys_kernel(5)), or unknownBoot. A /proc with subset=pid has
// no such file, and a sandbox may cover it. A container can have an id of its own.
func bootID() string {
	id, err := sys.Sysctl("kernel.random.boot_id")
	if err != nil || len(strings.Fields(id)) != 1 {
		return unknownBoot
	}
	return id
}

// isASCII reports whether each character has one byte. encode pads the name of a stage by characters.
func isASCII(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf })
}

// readText reads a claim. It returns errNoRecord or errIncompatible for a file that cannot be a claim.
func readText(f *os.File) ([]byte, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errNoRecord
	}
	if info.Size() > maxRecord {
		return nil, verdictOnHead(f)
	}
	text := make([]byte, info.Size())
	n, err := f.ReadAt(text, 0)
	if n < len(text) {
		return nil, err
	}
	return text, nil
}

// verdictOnHead returns errIncompatible for a file that begins like a claim, and errNoRecord for any other file.
func verdictOnHead(f *os.File) error {
	head := make([]byte, len(magic))
	if _, err := f.ReadAt(head, 0); err != nil {
		return err
	}
	if string(head) != magic {
		return errNoRecord
	}
	return errIncompatible
}

// readRecord reads the record of a claim.
func readRecord(f *os.File) (*record, error) {
	text, err := readText(f)
	if err != nil {
		return nil, err
	}
	return decodeRecord(text)
}

// validRecord is readRecord, but returns nil and no error for a file without a valid record.
func validRecord(f *os.File) (*record, error) {
	r, err := readRecord(f)
	if isVerdict(err) {
		return nil, nil
	}
	return r, err
}

// memberAt returns the place of a member's state in the text of a claim, or 0 if the text is not a claim's, or has no such
// member. It does not decode the record, because that of a large transaction is long.
func memberAt(text []byte, name string) int64 {
	const headerLen = int(stageAt + MaxStage) // the lines after it do not look like a member's
	if len(text) < headerLen || !bytes.HasPrefix(text, []byte(magic+version)) {
		return 0
	}
	for _, state := range []byte{memberHere, memberKept, memberGoing} {
		line := fmt.Appendf(nil, "\n%c%s\n", state, name)
		if i := bytes.Index(text[headerLen:], line); i >= 0 {
			return int64(headerLen + i + 1)
		}
	}
	return 0
}

// isDone reports whether a file is the claim of a complete transaction. It reads only the beginning: a record names all
// members, and a caller may look at each of them.
func isDone(f *os.File) (bool, error) {
	const done = magic + version + string(txDone)
	head := make([]byte, len(done))
	n, err := f.ReadAt(head, 0)
	if err == io.EOF {
		err = nil
	}
	return string(head[:n]) == done, err
}
