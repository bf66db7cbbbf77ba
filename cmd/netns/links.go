package main

import (
	"fmt"
	"net"
	"strings"

	"github.com/netns-go/netns"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// A link is what is shown of a network interface.
type link struct {
	Index     int      `json:"index"`
	Name      string   `json:"name"`
	Type      string   `json:"type"` // as ip link add has it; loopback for lo
	Up        bool     `json:"up"`
	MTU       int      `json:"mtu"`           // bytes
	MAC       string   `json:"mac,omitempty"` // none for a link without
	Master    string   `json:"master,omitempty"`
	PeerIndex int      `json:"peer_index,omitempty"` // of the other end, which may be elsewhere
	PeerNSID  *int     `json:"peer_nsid,omitempty"`  // as the namespace that the link is in knows it
	Addresses []string `json:"addresses"`
}

// linksOf returns the links of a namespace with their addresses, in the order of their index.
func linksOf(ns *netns.Namespace) ([]link, error) {
	h, err := ns.Netlink()
	if err != nil {
		return nil, err
	}
	defer h.Close()
	return links(h)
}

// linksHere is linksOf for the namespace of the calling thread.
func linksHere() ([]link, error) {
	h, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, err
	}
	defer h.Close()
	return links(h)
}

func links(h *netlink.Handle) ([]link, error) {
	found, err := h.LinkList()
	if err != nil {
		return nil, err
	}
	addresses, err := h.AddrList(nil, unix.AF_UNSPEC)
	if err != nil {
		return nil, err
	}
	names := map[int]string{}
	for _, l := range found {
		names[l.Attrs().Index] = l.Attrs().Name
	}
	shown := make([]link, 0, len(found))
	for _, l := range found {
		shown = append(shown, newLink(l, names, addresses))
	}
	return shown, nil
}

func newLink(l netlink.Link, names map[int]string, addresses []netlink.Addr) link {
	a := l.Attrs()
	shown := link{
		Index: a.Index, Name: a.Name, Type: l.Type(), Up: a.Flags&net.FlagUp != 0, MTU: a.MTU,
		Master: names[a.MasterIndex], PeerIndex: a.ParentIndex, Addresses: []string{},
	}
	if a.Flags&net.FlagLoopback != 0 {
		shown.Type = "loopback"
	} else {
		shown.MAC = a.HardwareAddr.String()
	}
	if a.NetNsID >= 0 && a.ParentIndex != 0 {
		shown.PeerNSID = &a.NetNsID
	}
	for _, address := range addresses {
		if address.LinkIndex == a.Index {
			shown.Addresses = append(shown.Addresses, address.IPNet.String())
		}
	}
	return shown
}

// summary returns the names of links and their addresses, but those that every lo has, in a line each.
func summary(links []link) (names, addresses string) {
	var n, a []string
	for _, l := range links {
		name := printable(l.Name)
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
func (l link) String() string {
	words := []string{fmt.Sprintf("%d: %s %s", l.Index, printable(l.Name), l.Type), "down", fmt.Sprintf("mtu %d", l.MTU)}
	if l.Up {
		words[1] = "up"
	}
	if l.MAC != "" {
		words = append(words, "address "+l.MAC)
	}
	if l.Master != "" {
		words = append(words, "master "+printable(l.Master))
	}
	if l.PeerNSID != nil {
		words = append(words, fmt.Sprintf("peer %d in nsid %d", l.PeerIndex, *l.PeerNSID))
	}
	return strings.Join(append(words, l.Addresses...), " ")
}
