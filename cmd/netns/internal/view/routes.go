package view

import (
	"fmt"
	"net"
	"strings"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/cmd/netns/internal/term"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// A Route is a route of a namespace's main table.
type Route struct {
	Type        string `json:"type,omitempty"` // as ip route has it; none for unicast
	Destination string `json:"destination"`    // a prefix, or default
	Hop
	Metric int    `json:"metric,omitempty"`
	Source string `json:"source,omitempty"`   // the preferred source address
	Hops   []Hop  `json:"nexthops,omitempty"` // of a multipath route
}

// A Hop is where a route leads.
type Hop struct {
	Gateway string `json:"gateway,omitempty"`
	Link    string `json:"link,omitempty"`
}

// routeTypes are the types of rtnetlink(7) except unicast, in ip's words.
var routeTypes = map[int]string{
	unix.RTN_LOCAL: "local", unix.RTN_BROADCAST: "broadcast", unix.RTN_ANYCAST: "anycast", unix.RTN_MULTICAST: "multicast",
	unix.RTN_BLACKHOLE: "blackhole", unix.RTN_UNREACHABLE: "unreachable", unix.RTN_PROHIBIT: "prohibit", unix.RTN_THROW: "throw",
	unix.RTN_NAT: "nat",
}

// Routes returns the routes of a namespace's main table, those of IPv4 first.
func Routes(ns *netns.Namespace) ([]Route, error) {
	h, err := ns.Netlink()
	if err != nil {
		return nil, err
	}
	defer h.Close()
	var routes []Route
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

func newRoute(h *netlink.Handle, r netlink.Route) Route {
	shown := Route{Type: routeTypes[r.Type], Destination: "default", Metric: r.Priority}
	if r.Dst != nil {
		if bits, _ := r.Dst.Mask.Size(); bits > 0 {
			shown.Destination = r.Dst.String()
		}
	}
	shown.Hop = newHop(h, r.Gw, r.Via, r.LinkIndex)
	if r.Src != nil {
		shown.Source = r.Src.String()
	}
	for _, next := range r.MultiPath {
		shown.Hops = append(shown.Hops, newHop(h, next.Gw, next.Via, next.LinkIndex))
	}
	return shown
}

// newHop takes the gateway from via if its family is not that of the route (RTA_VIA).
func newHop(h *netlink.Handle, gateway net.IP, via netlink.Destination, link int) (shown Hop) {
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
func (r Route) String() string {
	text := strings.TrimPrefix(r.Type+" ", " ") + r.Destination + r.Hop.String()
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

// String describes a hop in ip's words, with a blank before each.
func (h Hop) String() (text string) {
	if h.Gateway != "" {
		text = " via " + h.Gateway
	}
	if h.Link != "" {
		text += " dev " + term.Printable(h.Link)
	}
	return text
}
