// Package view reads what is inside a network namespace, to be shown as text or as JSON: links, addresses, routes. Its JSON
// is part of the stable format of -o json, see docs/json-schema.json.
package view

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/cmd/netns/internal/term"
	"golang.org/x/sys/unix"
)

// A Link is a network interface.
type Link struct {
	Index     int      `json:"index"`
	Name      string   `json:"name"`
	Type      string   `json:"type"` // as ip link add has it; loopback for lo
	Up        bool     `json:"up"`
	MTU       int      `json:"mtu"` // bytes
	MAC       string   `json:"mac,omitempty"`
	Master    string   `json:"master,omitempty"`
	PeerIndex int      `json:"peer_index,omitempty"` // of the other end, in its namespace
	PeerNSID  *int     `json:"peer_nsid,omitempty"`  // the id that the link's namespace has for that of the other end
	Addresses []string `json:"addresses"`

	master int // the master's index
}

// Links returns the links of a namespace with their addresses, in the order of their index.
func Links(ns *netns.Namespace) (found []Link, err error) {
	err = ns.Do(context.Background(), func() error {
		found, err = LinksHere(NewBuffer())
		return err
	})
	return found, err
}

// LinksHere is [Links] for the namespace of the calling thread, with a buffer of [NewBuffer].
func LinksHere(buf []byte) ([]Link, error) {
	s, err := Dial(buf)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	found := []Link{}
	request := appendAttribute(make([]byte, unix.SizeofIfInfomsg), unix.IFLA_EXT_MASK, rtextFilterSkipStats)
	err = s.ask(unix.RTM_GETLINK, unix.NLM_F_DUMP, request, func(m []byte) {
		if len(m) >= unix.SizeofIfInfomsg {
			found = append(found, newLink(m))
		}
	})
	if err != nil {
		return nil, err
	}
	byIndex := func(l Link, index int) int { return cmp.Compare(l.Index, index) }
	slices.SortFunc(found, func(a, b Link) int { return byIndex(a, b.Index) })
	for i := range found {
		if at, ok := slices.BinarySearchFunc(found, found[i].master, byIndex); ok {
			found[i].Master = found[at].Name
		}
	}
	err = s.ask(unix.RTM_GETADDR, unix.NLM_F_DUMP, make([]byte, unix.SizeofIfAddrmsg), func(m []byte) {
		if len(m) < unix.SizeofIfAddrmsg {
			return
		}
		if at, ok := slices.BinarySearchFunc(found, integer(m[4:]), byIndex); ok {
			found[at].Addresses = append(found[at].Addresses, newAddress(m))
		}
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

// rtextFilterSkipStats is RTEXT_FILTER_SKIP_STATS of linux/rtnetlink.h.
const rtextFilterSkipStats = 1 << 3

// newLink reads a struct ifinfomsg and the attributes after it.
func newLink(m []byte) Link {
	flags := integer(m[8:])
	l := Link{Index: integer(m[4:]), Type: "device", Up: flags&unix.IFF_UP != 0, Addresses: []string{}}
	peer := -1
	for kind, value := range attributes(m[unix.SizeofIfInfomsg:]) {
		switch kind {
		case unix.IFLA_IFNAME:
			l.Name = unix.ByteSliceToString(value)
		case unix.IFLA_MTU:
			l.MTU = integer(value)
		case unix.IFLA_ADDRESS:
			if flags&unix.IFF_LOOPBACK == 0 && slices.ContainsFunc(value, func(b byte) bool { return b != 0 }) {
				l.MAC = net.HardwareAddr(value).String()
			}
		case unix.IFLA_MASTER:
			l.master = integer(value)
		case unix.IFLA_LINK:
			l.PeerIndex = integer(value)
		case unix.IFLA_LINK_NETNSID:
			peer = integer(value)
		case unix.IFLA_LINKINFO:
			for kind, value := range attributes(value) {
				if kind == unix.IFLA_INFO_KIND {
					l.Type = unix.ByteSliceToString(value)
				}
			}
		}
	}
	switch {
	case flags&unix.IFF_LOOPBACK != 0:
		l.Type = "loopback"
	case l.Type == "tun":
		l.Type = "tuntap" // as ip calls both kinds
	}
	if peer >= 0 && l.PeerIndex != 0 {
		l.PeerNSID = &peer
	}
	return l
}

// newAddress reads a struct ifaddrmsg and the attributes after it. If the address has a peer, the prefix is the peer's
// (ip-address(8)).
func newAddress(m []byte) string {
	var address, local net.IP
	for kind, value := range attributes(m[unix.SizeofIfAddrmsg:]) {
		switch kind {
		case unix.IFA_ADDRESS:
			address = value
		case unix.IFA_LOCAL:
			local = value
		}
	}
	if local == nil || local.Equal(address) {
		return (&net.IPNet{IP: address, Mask: net.CIDRMask(int(m[1]), 8*len(address))}).String()
	}
	return (&net.IPNet{IP: local, Mask: net.CIDRMask(8*len(local), 8*len(local))}).String()
}

// Summary returns the names of links in one line, and their addresses, except those that every lo has, in another.
func Summary(links []Link) (names, addresses string) {
	var n, a []string
	for _, l := range links {
		name := term.Printable(l.Name)
		if !l.Up {
			name += "(down)"
		}
		n = append(n, name)
		for _, address := range l.Addresses {
			if address != "127.0.0.1/8" && address != "::1/128" {
				a = append(a, address)
			}
		}
	}
	return strings.Join(n, ","), strings.Join(a, ",")
}

// String describes a link in a line, in ip's words.
func (l Link) String() string {
	words := []string{fmt.Sprintf("%d: %s %s", l.Index, term.Printable(l.Name), l.Type), "down", fmt.Sprintf("mtu %d", l.MTU)}
	if l.Up {
		words[1] = "up"
	}
	if l.MAC != "" {
		words = append(words, "address "+l.MAC)
	}
	if l.Master != "" {
		words = append(words, "master "+term.Printable(l.Master))
	}
	if l.PeerNSID != nil {
		words = append(words, fmt.Sprintf("peer %d in nsid %d", l.PeerIndex, *l.PeerNSID))
	}
	return strings.Join(append(words, l.Addresses...), " ")
}
