package main

import (
	"fmt"
	"net"
	"strings"

	"github.com/netns-go/netns"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// A route is one of a namespace's main table.
type route struct {
	Type        string `json:"type,omitempty"` // as ip route has it; none for unicast
	Destination string `json:"destination"`    // a prefix, or default
	hop
	Metric int    `json:"metric,omitempty"`
	Source string `json:"source,omitempty"`   // the address that it prefers
	Hops   []hop  `json:"nexthops,omitempty"` // of one that has several
}

// A hop is where a route leads.
type hop struct {
	Gateway string `json:"gateway,omitempty"`
	Link    string `json:"link,omitempty"`
}

// routeTypes are those of rtnetlink(7), but for unicast, in ip's words.
var routeTypes = map[int]string{
	unix.RTN_LOCAL: "local", unix.RTN_BROADCAST: "broadcast", unix.RTN_ANYCAST: "anycast", unix.RTN_MULTICAST: "multicast",
	unix.RTN_BLACKHOLE: "blackhole", unix.RTN_UNREACHABLE: "unreachable", unix.RTN_PROHIBIT: "prohibit", unix.RTN_THROW: "throw",
	unix.RTN_NAT: "nat",
}

// routesOf returns the routes of a namespace's main table, IPv4's first.
func routesOf(ns *netns.Namespace) ([]route, error) {
	h, err := ns.Netlink()
	if err != nil {
		return nil, err
	}
	defer h.Close()
	var routes []route
	for _, family := range []int{unix.AF_INET, unix.AF_INET6} {
		found, err := h.RouteList(nil, family)
		if err != nil {
			return nil, err
		}
		for _, r := range found {
			routes = append(routes, newRoute(h, r))
		}
	}
	return routes, nil
}

func newRoute(h *netlink.Handle, r netlink.Route) route {
	shown := route{Type: routeTypes[r.Type], Destination: "default", Metric: r.Priority}
	if r.Dst != nil {
		if bits, _ := r.Dst.Mask.Size(); bits > 0 {
			shown.Destination = r.Dst.String()
		}
	}
	shown.hop = newHop(h, r.Gw, r.Via, r.LinkIndex)
	if r.Src != nil {
		shown.Source = r.Src.String()
	}
	for _, next := range r.MultiPath {
		shown.Hops = append(shown.Hops, newHop(h, next.Gw, next.Via, next.LinkIndex))
	}
	return shown
}

// newHop takes the gateway from via where that is of the other family than the route (RTA_VIA).
func newHop(h *netlink.Handle, gateway net.IP, via netlink.Destination, link int) (shown hop) {
	if other, ok := via.(*netlink.Via); ok {
		gateway = other.Addr
	}
	if gateway != nil {
		shown.Gateway = gateway.String()
	}
	if l, err := h.LinkByIndex(link); err == nil {
		shown.Link = l.Attrs().Name
	}
	return shown
}

// String describes a route in a line, in ip's words.
func (r route) String() string {
	text := strings.TrimPrefix(r.Type+" ", " ") + r.Destination + r.hop.String()
	if r.Source != "" {
		text += " src " + r.Source
	}
	if r.Metric != 0 {
		text += fmt.Sprintf(" metric %d", r.Metric)
	}
	for _, next := range r.Hops {
		text += " nexthop" + next.String()
	}
	return text
}

func (h hop) String() (text string) {
	if h.Gateway != "" {
		text = " via " + h.Gateway
	}
	if h.Link != "" {
		text += " dev " + printable(h.Link)
	}
	return text
}
