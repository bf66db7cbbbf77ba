//go:build all

package integration

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	library "github.com/netns-go/netns"
	"github.com/netns-go/netns/internal/world"
)

// cniVar names the directory with the programs of integration/cni, which make builds.
const cniVar = "NETNS_TEST_CNI"

// A network is the configuration of a CNI plugin.
type network map[string]any

// networks returns one for each plugin, with the files of host-local below a directory.
func networks(t *testing.T, dir string) []network {
	const forward = "/proc/sys/net/ipv4/ip_forward"
	before, err := os.ReadFile(forward)
	if err != nil {
		t.Fatal(err)
	}
	// bridge and ptp set it, and never back.
	t.Cleanup(func() { os.WriteFile(forward, before, 0) })
	ipam := func() network {
		return network{"type": "host-local", "subnet": "10.99.0.0/24", "dataDir": dir + "/addresses"}
	}
	return []network{
		{"name": "bridged", "type": "bridge", "bridge": "cni-bridge", "isGateway": true, "ipam": ipam()},
		{"name": "routed", "type": "ptp", "ipam": ipam()},
		{"name": "local", "type": "loopback"}, // the last, since its DEL sets lo down
	}
}

// Debian's plugins are called as a container runtime calls them, by version 1.0.0 of the CNI specification.
func TestDebianCNIPluginsJoin(t *testing.T) {
	const plugins = "/usr/lib/cni"
	needs(t, plugins+"/bridge", plugins+"/ptp", plugins+"/loopback", plugins+"/host-local")
	joinable(t, func(t *testing.T, ns *library.Namespace) {
		dir := scratch(t)
		for _, n := range networks(t, dir) {
			n["cniVersion"] = "1.0.0"
			addCheckDel(t, ns, dir, n, func(verb string) result {
				config, err := json.Marshal(n)
				if err != nil {
					t.Fatal(err)
				}
				cmd := exec.Command(filepath.Join(plugins, n["type"].(string)))
				cmd.Env = append(os.Environ(), "CNI_COMMAND="+verb, "CNI_CONTAINERID=joined", "CNI_NETNS="+ns.Path(),
					"CNI_IFNAME=eth0", "CNI_PATH="+plugins)
				cmd.Stdin = bytes.NewReader(config)
				r := finish(t, cmd)
				if verb == "ADD" {
					n["prevResult"] = json.RawMessage(r.stdout)
				}
				return r
			})
		}
	})
}

// The CNI project's own plugins are called by its own tool, by version 1.1.0.
func TestCNIToolJoins(t *testing.T) {
	plugins := os.Getenv(cniVar)
	if plugins == "" {
		plugins = "../bin/cni"
	}
	needs(t, plugins+"/cnitool", plugins+"/bridge", plugins+"/ptp", plugins+"/loopback", plugins+"/host-local")
	joinable(t, func(t *testing.T, ns *library.Namespace) {
		mount(t, "tmpfs", "/var/lib") // where the tool keeps results
		dir := scratch(t)
		for _, n := range networks(t, dir) {
			config, err := json.Marshal(map[string]any{"cniVersion": "1.1.0", "name": n["name"], "plugins": []network{n}})
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, n["name"].(string)+".conflist"), config, 0o600); err != nil {
				t.Fatal(err)
			}
			addCheckDel(t, ns, dir, n, func(verb string) result {
				cmd := exec.Command(plugins+"/cnitool", strings.ToLower(verb), n["name"].(string), ns.Path())
				cmd.Env = append(os.Environ(), "CNI_PATH="+plugins, "NETCONFPATH="+dir)
				return finish(t, cmd)
			})
		}
	})
}

// addCheckDel connects a namespace to a network, looks at it from inside, and takes it away again. CHECK is called on
// what is whole and on what is not.
func addCheckDel(t *testing.T, ns *library.Namespace, dir string, n network, call func(verb string) result) {
	t.Helper()
	before := links(t)
	if r := call("ADD").want(t, 0); !strings.Contains(r.stdout, `"sandbox": "`+ns.Path()+`"`) {
		t.Error(r)
	}
	call("CHECK").want(t, 0)
	look := run(t, "netns", "exec", "joined", "sh", "-c", lookAround)
	wantInside(t, ns, look)
	if n["type"] == "loopback" {
		sh(t, "ip -n joined link set lo down").want(t, 0)
		call("CHECK").want(t, 1)
		sh(t, "ip -n joined link set lo up").want(t, 0)
		call("DEL").want(t, 0)
		run(t, "netns", "verify", "joined").want(t, 7, "lo is not up")
		return
	}
	if !strings.Contains(look.stdout, " eth0    inet 10.99.0.2/24 ") {
		t.Errorf("no address from %v: %v", n["type"], look)
	}
	sh(t, "netns exec joined ping -c 1 -W 2 10.99.0.1").want(t, 0)
	sh(t, "ip -n joined address flush dev eth0").want(t, 0)
	call("CHECK").want(t, 1)
	call("DEL").want(t, 0)
	run(t, "ip", "-n", "joined", "link", "show", "eth0").want(t, 1)
	if n["type"] == "bridge" { // which stays for others
		sh(t, "ip link delete cni-bridge").want(t, 0)
	}
	if after := links(t); !slices.Equal(after, before) {
		t.Errorf("%v left %q, before %q", n["type"], after, before)
	}
	if files := world.Files(t, filepath.Join(dir, "addresses", n["name"].(string))); slices.Contains(files, "10.99.0.2") {
		t.Errorf("%v left an address: %q", n["type"], files)
	}
}
