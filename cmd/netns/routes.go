package main

import (
	"cmp"

	"github.com/netns-go/netns"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// A route is one of a namespace's main table.
type route struct {
	Destination string `json:"destination"` // a prefix, or default
	Gateway     string `json:"gateway,omitempty"`
	Link        string `json:"link,omitempty"`
	Metric      int    `json:"metric,omitempty"`
	Source      string `json:"source,omitempty"` // the address that it prefers
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
	shown := route{Destination: "default", Metric: r.Priority}
	if r.Dst != nil && (len(r.Dst.IP) == 0 || !r.Dst.IP.IsUnspecified()) {
		shown.Destination = r.Dst.String()
	}
	if r.Gw != nil {
		shown.Gateway = r.Gw.String()
	}
	if r.Src != nil {
		shown.Source = r.Src.String()
	}
	if l, err := h.LinkByIndex(r.LinkIndex); err == nil {
		shown.Link = l.Attrs().Name
	}
	return shown
}

// String describes a route in a line, in ip's words.
func (r route) String() string {
	text := r.Destination
	for _, word := range [][2]string{{" via ", r.Gateway}, {" dev ", printable(cmp.Or(r.Link, "-"))}, {" src ", r.Source}} {
		if word[1] != "" {
			text += word[0] + word[1]
		}
	}
	return text
}
