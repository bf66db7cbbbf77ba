package main

import (
	"encoding/binary"
	"fmt"
	"iter"
	"os"

	"golang.org/x/sys/unix"
)

// An rtnetlink is a socket for rtnetlink(7) in the network namespace in which it was opened. Of thousands of namespaces the
// netlink library asks too slowly.
type rtnetlink struct {
	fd  int
	buf []byte
}

// newRtnetlinkBuffer has room for whatever the kernel sends at once (netlink(7)).
func newRtnetlinkBuffer() []byte { return make([]byte, 64<<10) }

func openRtnetlink(buf []byte) (*rtnetlink, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("open rtnetlink: %w", os.NewSyscallError("socket", err))
	}
	return &rtnetlink{fd, buf}, nil
}

func (s *rtnetlink) close() { unix.Close(s.fd) }

// ask sends a request and calls each for every answer, without its header. That is good for the call only.
func (s *rtnetlink) ask(kind, flags uint16, body []byte, each func([]byte)) error {
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

// answers goes through what came at once, and says whether that was all.
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
			return true, fmt.Errorf("rtnetlink: what it told of changed meanwhile: %w", unix.EINTR)
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

// attributes goes through the attributes of a message.
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

// align is where in a message the next thing is after one of this length.
func align(length int) int { return (length + 3) &^ 3 }

// integer returns an attribute's value that should have four bytes.
func integer(value []byte) int {
	if len(value) < 4 {
		return 0
	}
	return int(int32(binary.NativeEndian.Uint32(value)))
}

// nsid returns the id that the socket's namespace has for an open one, or -1.
func (s *rtnetlink) nsid(fd int) (id int, err error) {
	const genericLen = 4 // struct rtgenmsg, aligned
	id = -1
	request := appendAttribute(make([]byte, genericLen), unix.NETNSA_FD, uint32(fd))
	err = s.ask(unix.RTM_GETNSID, 0, request, func(answer []byte) {
		for kind, value := range attributes(answer[min(len(answer), genericLen):]) {
			if kind == unix.NETNSA_NSID {
				id = integer(value)
			}
		}
	})
	return id, err
}
