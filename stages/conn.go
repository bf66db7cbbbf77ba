//go:build linux

package stages

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"os"

	"github.com/netns-go/netns/internal/sys"
	"golang.org/x/sys/unix"
)

// A conn is one end of the socket, on which reads and writes block without the Go runtime's poller. It handles EINTR, short
// reads and short writes.
type conn struct {
	file   *os.File
	reader *bufio.Reader
	fds    []int // descriptors that came with messages and were not taken yet, in that order
}

func newConn(f *os.File) *conn {
	c := &conn{file: f}
	c.reader = bufio.NewReader(c)
	return c
}

// send sends a message, and open files with it (SCM_RIGHTS, unix(7)).
func (c *conn) send(m *message, files ...*os.File) error {
	data := m.encode()
	if len(files) > 0 {
		var fds []int
		for _, f := range files {
			fds = append(fds, int(f.Fd()))
		}
		n, err := sys.AgainInt(func() (int, error) {
			return unix.SendmsgN(int(c.file.Fd()), data, unix.UnixRights(fds...), nil, unix.MSG_NOSIGNAL)
		})
		if err != nil {
			return os.NewSyscallError("sendmsg", err)
		}
		if data = data[n:]; len(data) == 0 {
			return nil
		}
	}
	_, err := c.file.Write(data)
	return err
}

// receive returns the next message. If the other end is closed between two messages, it returns io.EOF itself.
func (c *conn) receive() (*message, error) {
	var header [headerLen]byte
	if _, err := io.ReadFull(c.reader, header[:]); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint32(header[1:])
	if n > maxMessage {
		return nil, fmt.Errorf("message of %d bytes", n)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(c.reader, body); err != nil {
		return nil, fmt.Errorf("message cut off: %w", err)
	}
	return decodeMessage(header[0], body)
}

// takeFile returns the next file that came with a message.
func (c *conn) takeFile(name string) (*os.File, error) {
	if len(c.fds) == 0 {
		return nil, fmt.Errorf("%s did not come with the message", name)
	}
	file := os.NewFile(uintptr(c.fds[0]), name)
	c.fds = c.fds[1:]
	return file, nil
}

// close closes the socket, and the files that came and were not taken.
func (c *conn) close() {
	for _, fd := range c.fds {
		unix.Close(fd)
	}
	c.fds = nil
	c.file.Close()
}

// hungUp reports whether the other process has closed its end of the socket, because it died or gave up.
func (c *conn) hungUp() (bool, error) {
	fds := []unix.PollFd{{Fd: int32(c.file.Fd()), Events: unix.POLLRDHUP}}
	n, err := sys.AgainInt(func() (int, error) { return unix.Poll(fds, 0) })
	return n > 0, err
}

// shutdown closes one direction of the socket (shutdown(2)). On a closed socket it does nothing.
func (c *conn) shutdown(how int) {
	if raw, err := c.file.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { unix.Shutdown(int(fd), how) })
	}
}

// errNoRoom reports that the kernel has dropped files that came with a message.
var errNoRoom = fmt.Errorf("files that came with a message were dropped: %w: the limit of open files is reached "+
	"(ulimit -n), or a security module refuses them", unix.EMFILE)

// maxFiles is the largest number of files with one message.
const maxFiles = 2

// Read is for the bufio.Reader. It keeps the descriptors that come with the data.
func (c *conn) Read(data []byte) (int, error) {
	control := make([]byte, unix.CmsgSpace(maxFiles*4))
	var n, controlLen, flags int
	err := sys.Again(func() (err error) {
		n, controlLen, flags, _, err = unix.Recvmsg(int(c.file.Fd()), data, control, unix.MSG_CMSG_CLOEXEC)
		return err
	})
	if err != nil {
		return 0, os.NewSyscallError("recvmsg", err)
	}
	messages, err := unix.ParseSocketControlMessage(control[:controlLen])
	if err != nil {
		return 0, fmt.Errorf("files: %w", err)
	}
	for i := range messages {
		fds, err := unix.ParseUnixRights(&messages[i])
		if err != nil {
			return 0, fmt.Errorf("files: %w", err)
		}
		c.fds = append(c.fds, fds...)
	}
	if flags&unix.MSG_CTRUNC != 0 {
		return 0, errNoRoom
	}
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}
