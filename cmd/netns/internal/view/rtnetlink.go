package view

import (
	"encoding/binary"
	"fmt"
	"iter"
	"os"

	"golang.org/x/sys/unix"
)

// A Socket is a socket for rtnetlink(7) in the network namespace of the thread that opened it. The netlink library is too slow
// for thousands of namespaces.
type Socket struct {
	fd  int
	buf []byte
}

// NewBuffer returns a buffer that is large enough for each message of the kernel (netlink(7)).
func NewBuffer() []byte { return make([]byte, 64<<10) }

// Dial opens a socket with a buffer of [NewBuffer], which several sockets of a goroutine can share.
func Dial(buf []byte) (*Socket, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("open rtnetlink: %w", os.NewSyscallError("socket", err))
	}
	return &Socket{fd, buf}, nil
}

// Close closes the socket.
func (s *Socket) Close() { unix.Close(s.fd) }

// ask sends a request and calls each with every answer, without its header. The answer is valid during the call only.
func (s *Socket) ask(kind, flags uint16, body []byte, each func([]byte)) error {
	request := binary.NativeEndian.AppendUint32(make([]byte, 0, 64), uint32(unix.NLMSG_HDRLEN+len(body)))
	request = binary.NativeEndian.AppendUint16(request, kind)
	request = binary.NativeEndian.AppendUint16(request, unix.NLM_F_REQUEST|flags)
	request = append(request, make([]byte, 8)...) // number and sender: there is one request at a time
	if _, err := unix.Write(s.fd, append(request, body...)); err != nil {
		return fmt.Errorf("rtnetlink: %w", os.NewSyscallError("write", err))
	}
	for {
		n, from, err := unix.Recvfrom(s.fd, s.buf, 0)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return fmt.Errorf("rtnetlink: %w", os.NewSyscallError("recvfrom", err))
		}
		if sender, ok := from.(*unix.SockaddrNetlink); !ok || sender.Pid != 0 {
			continue // not the kernel's
		}
		if last, err := answers(s.buf[:n], each); err != nil || last {
			return err
		}
	}
}

// answers calls each with every answer in a packet, and reports whether one was the last.
func answers(data []byte, each func([]byte)) (last bool, err error) {
	for len(data) >= unix.NLMSG_HDRLEN {
		length := int(binary.NativeEndian.Uint32(data))
		if length < unix.NLMSG_HDRLEN || length > len(data) {
			break
		}
		kind, flags := binary.NativeEndian.Uint16(data[4:]), binary.NativeEndian.Uint16(data[6:])
		body := data[unix.NLMSG_HDRLEN:length]
		switch {
		case (kind == unix.NLMSG_ERROR || kind == unix.NLMSG_DONE) && len(body) >= 4:
			if code := int32(binary.NativeEndian.Uint32(body)); code < 0 {
				return true, fmt.Errorf("rtnetlink: %w", unix.Errno(-code))
			}
			return true, nil
		case flags&unix.NLM_F_DUMP_INTR != 0:
			return true, fmt.Errorf("rtnetlink: the kernel's tables changed during the answer: %w", unix.EINTR)
		}
		each(body)
		if flags&unix.NLM_F_MULTI == 0 {
			return true, nil
		}
		data = data[min(len(data), align(length)):]
	}
	if len(data) > 0 {
		return true, fmt.Errorf("rtnetlink: malformed message: %w", unix.EBADMSG)
	}
	return false, nil
}

// attributes returns the kinds and values of the attributes of a message.
func attributes(data []byte) iter.Seq2[uint16, []byte] {
	return func(yield func(uint16, []byte) bool) {
		for len(data) >= unix.SizeofRtAttr {
			length := int(binary.NativeEndian.Uint16(data))
			if length < unix.SizeofRtAttr || length > len(data) {
				return
			}
			const flags = unix.NLA_F_NESTED | unix.NLA_F_NET_BYTEORDER
			if !yield(binary.NativeEndian.Uint16(data[2:])&^flags, data[unix.SizeofRtAttr:length]) {
				return
			}
			data = data[min(len(data), align(length)):]
		}
	}
}

func appendAttribute(data []byte, kind uint16, value uint32) []byte {
	data = binary.NativeEndian.AppendUint16(data, unix.SizeofRtAttr+4)
	data = binary.NativeEndian.AppendUint16(data, kind)
	return binary.NativeEndian.AppendUint32(data, value)
}

// align returns the offset of the next item of a message after one of this length.
func align(length int) int { return (length + 3) &^ 3 }

// integer returns the value of an attribute of four bytes, or 0 if it is shorter.
func integer(value []byte) int {
	if len(value) < 4 {
		return 0
	}
	return int(int32(binary.NativeEndian.Uint32(value)))
}

// NSID returns the id that the socket's namespace has for an open namespace, or nil.
func (s *Socket) NSID(fd int) (id *int, err error) {
	const genericLen = 4 // struct rtgenmsg, aligned
	request := appendAttribute(make([]byte, genericLen), unix.NETNSA_FD, uint32(fd))
	err = s.ask(unix.RTM_GETNSID, 0, request, func(answer []byte) {
		for kind, value := range attributes(answer[min(len(answer), genericLen):]) {
			if n := integer(value); kind == unix.NETNSA_NSID && n >= 0 { // -1 means none
				id = &n
			}
		}
	})
	return id, err
}
