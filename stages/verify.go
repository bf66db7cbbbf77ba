package stages

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"

	"github.com/netns-go/netns/persist"
	"github.com/vishvananda/netlink"
	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
	"golang.org/x/sys/unix"
)

const verifyStage = "verify"

// Verify returns the step that reads back whether lo is up, and sends an ICMP echo request to 127.0.0.1 and, where
// IPv6 is on, to ::1. A family in which the namespace was told not to answer is not asked.
func Verify() Step { return Step{Stage: verifyStage} }

type verify struct{ Inside }

func decodeVerify([]byte) (Stage, error) { return verify{}, nil }

func (verify) Do(*Target) error {
	err := onLoopback(func(_ *netlink.Handle, lo netlink.Link) error {
		if lo.Attrs().RawFlags&(unix.IFF_UP|unix.IFF_RUNNING) != unix.IFF_UP|unix.IFF_RUNNING {
			return fmt.Errorf("lo is not up: its flags are %v; a stage set it down, or none brought it up", lo.Attrs().Flags)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, family := range []echoFamily{echo4, echo6} {
		err := echo(family, echoUsual)
		if err == nil || !family.answers() {
			continue
		}
		if errors.Is(err, unix.ETIMEDOUT) {
			err = echo(family, echoPatience)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// answers says whether lo is to answer in a family. It is asked only after an echo that failed: to find a file below
// /proc/sys/net, the kernel goes through those of the same name of all namespaces (proc_sys_compare).
func (f echoFamily) answers() bool {
	if f.off != "" {
		// Without IPv6 in the kernel there is no such file.
		if off, err := sysctlValue(f.off); err != nil || off != "0" {
			return false
		}
	}
	return !isOn(f.ignore)
}

func isOn(key string) bool {
	value, err := sysctlValue(key)
	return err == nil && value != "0"
}

func sysctlValue(key string) (string, error) {
	value, err := os.ReadFile("/proc/sys/net/" + key)
	return strings.TrimSpace(string(value)), err
}

// An echoFamily is how ICMP is spoken in an address family. The networks name the protocol by its number, since package
// net would read /etc/protocols for its name.
type echoFamily struct {
	network, address string
	off, ignore      string // what switches it, and its echo, off
	protocol         int
	request, reply   icmp.Type
}

var (
	echo4 = echoFamily{"ip4:1", "127.0.0.1", "", "ipv4/icmp_echo_ignore_all", 1, ipv4.ICMPTypeEcho, ipv4.ICMPTypeEchoReply}
	echo6 = echoFamily{"ip6:58", "::1", "ipv6/conf/lo/disable_ipv6", "ipv6/icmp/echo_ignore_all", 58, ipv6.ICMPTypeEchoRequest, ipv6.ICMPTypeEchoReply}
)

// An answer comes within microseconds: after echoUsual, it is asked whether there is to be one, and after echoPatience there
// is none.
const (
	echoUsual    = 20 * time.Millisecond
	echoPatience = 2 * time.Second
)

func echo(family echoFamily, patience time.Duration) error {
	c, err := icmp.ListenPacket(family.network, family.address)
	if err != nil {
		return persist.Needs(unix.CAP_NET_RAW, "sending an ICMP echo to verify lo", fmt.Errorf("open ICMP socket: %w", err))
	}
	defer c.Close()
	sent := icmp.Message{Type: family.request, Body: &icmp.Echo{ID: os.Getpid() & 0xffff, Seq: 1, Data: []byte("netns")}}
	request, err := sent.Marshal(nil)
	if err != nil {
		return err
	}
	if err := c.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if _, err := c.WriteTo(request, &net.IPAddr{IP: net.ParseIP(family.address)}); err != nil {
		return fmt.Errorf("ICMP echo to %s: %w", family.address, err)
	}
	buf := make([]byte, 512)
	for {
		n, _, err := c.ReadFrom(buf)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return fmt.Errorf("ICMP echo to %s: no answer within %v: %w", family.address, patience, unix.ETIMEDOUT)
		}
		if err != nil {
			return fmt.Errorf("ICMP echo to %s: %w", family.address, err)
		}
		if isReply(buf[:n], family, sent.Body.(*icmp.Echo)) {
			return nil
		}
	}
}

// isReply tells the answer from what else a raw socket on lo sees: our own request, for one.
func isReply(packet []byte, family echoFamily, sent *icmp.Echo) bool {
	m, err := icmp.ParseMessage(family.protocol, packet)
	if err != nil || m.Type != family.reply {
		return false
	}
	got, ok := m.Body.(*icmp.Echo)
	return ok && got.ID == sent.ID && got.Seq == sent.Seq && string(got.Data) == string(sent.Data)
}
