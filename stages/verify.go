//go:build linux

package stages

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/netns-go/netns/internal/sys"
	"github.com/netns-go/netns/persist"
	"golang.org/x/sys/unix"
)

type verify struct{ Inside }

func (verify) Do(*Target) error {
	err := onLoopback(func(_ int, lo *unix.Ifreq) error {
		if flags := lo.Uint16(); flags&unix.IFF_UP == 0 || flags&unix.IFF_RUNNING == 0 {
			return errors.New("lo is down")
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, family := range []*echoFamily{&echo4, &echo6} {
		err := family.excused(family.echo(echoUsual))
		if errors.Is(err, unix.ETIMEDOUT) {
			err = family.echo(echoPatience)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// An answer comes within microseconds. If none has come after echoUsual, verify checks whether a sysctl forbids it, and if not,
// waits for echoPatience.
const (
	echoUsual    = 20 * time.Millisecond
	echoPatience = 2 * time.Second
)

// excused returns the error of an echo, or nil if a sysctl forbids lo to answer in this family. It reads sysctls only after an
// error: to find a file below /proc/sys/net, the kernel compares the files of the same name of all namespaces
// (proc_sys_compare). A sysctl that cannot be read, because /proc is missing or shows only processes, excuses nothing.
func (f *echoFamily) excused(echo error) error {
	if echo == nil || errors.Is(echo, unix.EAFNOSUPPORT) {
		return nil
	}
	if ignore, err := sys.Sysctl(f.ignore); err == nil && ignore != "0" {
		return nil
	}
	if f.off == "" {
		return echo
	}
	off, err := sys.Sysctl(f.off)
	if err != nil {
		return fmt.Errorf("%w; IPv6 may be off here, but that cannot be read: %v", echo, err) // no %w: its errno is not the echo's
	}
	if off != "0" {
		return nil
	}
	return echo
}

// An echoFamily describes ICMP echo in an address family.
type echoFamily struct {
	domain, protocol int
	address          func() unix.Sockaddr // returns a new one for lo, because unix.Sendto writes into it
	name             string
	request, reply   byte   // types
	off, ignore      string // the sysctls that switch off the family ("" if none does), and its answers
}

var (
	echo4 = echoFamily{
		unix.AF_INET, unix.IPPROTO_ICMP,
		func() unix.Sockaddr { return &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}} }, "127.0.0.1",
		8, 0, "", "net.ipv4.icmp_echo_ignore_all",
	}
	echo6 = echoFamily{
		unix.AF_INET6, unix.IPPROTO_ICMPV6,
		func() unix.Sockaddr { return &unix.SockaddrInet6{Addr: [16]byte{15: 1}} }, "::1",
		128, 129, "net.ipv6.conf.lo.disable_ipv6", "net.ipv6.icmp.echo_ignore_all",
	}
)

// echo sends an ICMP echo request to lo (RFC 792, RFC 4443), on a raw socket in the thread's namespace (raw(7)), and waits
// for the answer.
func (f *echoFamily) echo(patience time.Duration) error {
	socket, err := unix.Socket(f.domain, unix.SOCK_RAW|unix.SOCK_CLOEXEC, f.protocol)
	if err != nil {
		err = fmt.Errorf("open ICMP socket: %w", os.NewSyscallError("socket", err))
		return persist.Needs(unix.CAP_NET_RAW, "sending an ICMP echo to verify lo", err)
	}
	defer unix.Close(socket)
	timeout := unix.NsecToTimeval(patience.Nanoseconds())
	if err := unix.SetsockoptTimeval(socket, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &timeout); err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	request := f.message()
	err = sys.Again(func() error { return unix.Sendto(socket, request, 0, f.address()) })
	if err != nil {
		return fmt.Errorf("ICMP echo to %s: %w", f.name, os.NewSyscallError("sendto", err))
	}
	packet := make([]byte, 512)
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		n, err := sys.AgainInt(func() (int, error) { return unix.Read(socket, packet) })
		if err != nil && err != unix.EAGAIN {
			return fmt.Errorf("ICMP echo to %s: %w", f.name, os.NewSyscallError("read", err))
		}
		if err == nil && f.isReply(packet[:n], request) {
			return nil
		}
	}
	return fmt.Errorf("ICMP echo to %s: no answer within %v: %w", f.name, patience, unix.ETIMEDOUT)
}

// message returns the request: type, code, checksum, identifier, sequence number and data.
func (f *echoFamily) message() []byte {
	m := append([]byte{f.request, 0, 0, 0, 0, 0, 0, 1}, "netns"...)
	binary.BigEndian.PutUint16(m[4:], uint16(os.Getpid()))
	if f == &echo4 { // in IPv6 the kernel does it, because that checksum covers the addresses too
		binary.BigEndian.PutUint16(m[2:], checksum(m))
	}
	return m
}

// checksum is the Internet checksum, RFC 1071.
func checksum(data []byte) uint16 {
	sum := uint32(0)
	for i, b := range data {
		sum += uint32(b) << (8 * (1 - i%2))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// isReply reports whether a packet is the answer. A raw socket on lo also receives other packets, such as the request itself.
func (f *echoFamily) isReply(packet, request []byte) bool {
	if f.domain == unix.AF_INET && len(packet) > 0 { // it begins with the IP header, whose length field counts four bytes each
		packet = packet[min(len(packet), int(packet[0]&0xf)*4):]
	}
	return len(packet) == len(request) && packet[0] == f.reply && bytes.Equal(packet[4:], request[4:])
}
