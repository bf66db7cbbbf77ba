//go:build linux

package stages

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"reflect"
	"slices"
	"syscall"
	"testing"

	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

func TestAddressArguments(t *testing.T) {
	got, err := build([]Step{Address("10.1.2.3/32", "0.0.0.1/0", "2001:db8::1/128", "fe80::1/64")})
	want := []namedStage{{addressStage, address{prefixes: []netip.Prefix{netip.MustParsePrefix("10.1.2.3/32"), netip.MustParsePrefix("0.0.0.1/0"),
		netip.MustParsePrefix("2001:db8::1/128"), netip.MustParsePrefix("fe80::1/64")}}}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	const form, none, mapped = "ADDRESS/LENGTH", "an interface can have", "IPv6 form"
	for argument, reason := range map[string]string{
		"": form, "10.1.2.3": form, "10.1.2.3/33": form, "10.1.2.3/": form, "10.1.2.3/-1": form, "10.1.2/8": form, " 10.1.2.3/8": form,
		"10.1.2.3/08": form, "::1": form, "::1/129": form, "fe80::1%lo/64": form, "lo/8": form,
		"0.0.0.0/8": none, "::/0": none, "224.0.0.1/32": none, "ff02::1/128": none, "255.255.255.255/32": none,
		"::ffff:10.1.2.3/128": mapped,
	} {
		refused(t, addressStage, "10.1.2.3/32", argument, reason)
	}
}

// The request is one message that the standard library reads as it was meant.
func TestAddressRequest(t *testing.T) {
	for text, want := range map[string][]byte{ // struct ifaddrmsg
		"10.1.2.3/24":    {unix.AF_INET, 24, 0, 0},
		"2001:db8::1/64": {unix.AF_INET6, 64, unix.IFA_F_NODAD, 0},
	} {
		prefix := netip.MustParsePrefix(text)
		messages, err := syscall.ParseNetlinkMessage(newAddress(prefix))
		if err != nil || len(messages) != 1 {
			t.Fatalf("%s: %v, %v", text, messages, err)
		}
		m := messages[0]
		flags := uint16(unix.NLM_F_REQUEST | unix.NLM_F_ACK | unix.NLM_F_CREATE | unix.NLM_F_REPLACE)
		if m.Header.Type != unix.RTM_NEWADDR || m.Header.Flags != flags {
			t.Errorf("%s: header %+v", text, m.Header)
		}
		if !bytes.Equal(m.Data[:4], want) || unix.SizeofIfAddrmsg != 8 || m.Data[4]+m.Data[7] != 1 {
			t.Errorf("%s: ifaddrmsg %v", text, m.Data[:8])
		}
		attributes, err := syscall.ParseNetlinkRouteAttr(&m)
		var kinds []uint16
		for _, a := range attributes {
			kinds = append(kinds, a.Attr.Type)
			if !bytes.Equal(a.Value, prefix.Addr().AsSlice()) {
				t.Errorf("%s: attribute %+v", text, a)
			}
		}
		if err != nil || !slices.Equal(kinds, []uint16{unix.IFA_LOCAL, unix.IFA_ADDRESS}) {
			t.Errorf("%s: attributes %v, %v", text, kinds, err)
		}
	}
}

// What the kernel does with the request: lo has the addresses, once each, and an address that lo has already is no error.
func TestAddresses(t *testing.T) {
	world.Clean(t)
	aside(t, func() {
		step := Address("10.1.2.3/24", "127.0.0.1/8", "10.1.2.4/32", "2001:db8::1/64", "2001:db8::1/64")
		if err := Here(Unshare(), Loopback(), step, step, Verify()); err != nil {
			t.Error(err)
			return
		}
		addresses, err := net.InterfaceAddrs()
		var got []string
		for _, a := range addresses {
			got = append(got, a.String())
		}
		slices.Sort(got)
		if err != nil || !slices.Equal(got, []string{"10.1.2.3/24", "10.1.2.4/32", "127.0.0.1/8", "2001:db8::1/64", "::1/128"}) {
			t.Errorf("%q, %v", got, err)
		}
	})
}

// An address that the kernel refuses is named, with the kernel's reason.
func TestAddressRefused(t *testing.T) {
	world.Clean(t)
	aside(t, func() {
		err := Here(Unshare(), Sysctl("net.ipv6.conf.all.disable_ipv6=1"), Address("10.1.2.3/32", "2001:db8::1/128"))
		var failed *Error
		if !errors.As(err, &failed) || failed.Stage != addressStage || !errors.Is(err, unix.EACCES) ||
			err.Error() != "address: add 2001:db8::1/128 to lo: permission denied" {
			t.Error(err)
		}
	})
}
