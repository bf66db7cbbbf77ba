//go:build linux

package stages

import (
	"reflect"
	"testing"
)

func TestSysctlPath(t *testing.T) {
	for key, want := range map[string]string{
		"net.ipv4.ip_forward":             "/proc/sys/net/ipv4/ip_forward",
		"net/ipv4/ip_forward":             "/proc/sys/net/ipv4/ip_forward",
		"net.ipv4.conf.eth0/1.rp_filter":  "/proc/sys/net/ipv4/conf/eth0.1/rp_filter",
		"net/ipv4/conf/eth0.1/rp_filter":  "/proc/sys/net/ipv4/conf/eth0.1/rp_filter",
		"net.ipv4.conf.all.rp_filter/../": "/proc/sys/net/ipv4/conf/all/rp_filter.//.",
	} {
		if got := sysctlPath(key); got != want {
			t.Errorf("%s: %s, want %s", key, got, want)
		}
	}
}

func TestSysctlArguments(t *testing.T) {
	const path = "/proc/sys/net/ipv4/ip_forward"
	got, err := build([]Step{Sysctl("net.ipv4.ip_forward=1", " net/ipv4/ip_forward =\t0 ", "net.ipv4.ip_forward=a=b", "net.ipv4.ip_forward=")})
	want := []namedStage{{sysctlStage, sysctl{settings: []setting{{path, "1"}, {path, "0"}, {path, "a=b"}, {path, ""}}}}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	for argument, reason := range map[string]string{
		"":                               "KEY=VALUE",
		"net.ipv4.ip_forward":            "KEY=VALUE",
		"=1":                             "begin with net.",
		"kernel.pid_max=1":               "begin with net.",
		"network.x=1":                    "begin with net.",
		"net=1":                          "begin with net.",
		"net.=1":                         "not a sysctl key",
		"net/../kernel/pid_max=1":        "not a sysctl key",
		"net.ipv4..ip_forward=1":         "not a sysctl key",
		"net.ipv4.ip_forward.=1":         "not a sysctl key",
		"net.ipv4.ip_forward=1\n2":       "newline",
		"net.ipv4\n.ip_forward=1":        "newline",
		"/proc/sys/net/ipv4/ip_forward=": "begin with net.",
	} {
		refused(t, sysctlStage, "net.ipv4.ip_forward=1", argument, reason)
	}
}
