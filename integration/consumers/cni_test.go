//go:build all

package consumers

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/internal/world"
)

// cniVar names the directory of the programs of integration/cni, which make builds.
const cniVar = "NETNS_TEST_CNI"

// A network is the configuration of a CNI plugin.
type network map[string]any

// networks returns a network for each plugin; host-local keeps its files below dir.
func networks(t *testing.T, dir string) []network {
	const forward = "/proc/sys/net/ipv4/ip_forward"
	before, err := os.ReadFile(forward)
	if err != nil {
		t.Fatal(err)
	}
	// bridge and ptp set it and do not reset it.
	t.Cleanup(func() { os.WriteFile(forward, before, 0) })
	ipam := func() network {
		return network{"type": "host-local", "subnet": "10.99.0.0/24", "dataDir": dir + "/addresses"}
	}
	return []network{
		{"name": "bridged", "type": "bridge", "bridge": "cni-bridge", "isGateway": true, "ipam": ipam()},
		{"name": "routed", "type": "ptp", "ipam": ipam()},
		{"name": "local", "type": "loopback"}, // the last, because its DEL sets lo down
	}
}

// The test calls Debian's plugins as a container runtime does, by version 1.0.0 of the CNI specification.
func TestDebianCNIPluginsJoin(t *testing.T) {
	const plugins = "/usr/lib/cni"
	needs(t, plugins+"/bridge", plugins+"/ptp", plugins+"/loopback", plugins+"/host-local")
	joinable(t, func(t *testing.T, ns *netns.Namespace) {
		dir := world.TempDir(t)
		for _, n := range networks(t, dir) {
			n["cniVersion"] = "1.0.0"
			addCheckDel(t, ns, dir, n, func(verb string) world.Result {
				config, err := json.Marshal(n)
				if err != nil {
					t.Fatal(err)
				}
				cmd := exec.Command(filepath.Join(plugins, n["type"].(string)))
				cmd.Env = append(os.Environ(), "CNI_COMMAND="+verb, "CNI_CONTAINERID=joined", "CNI_NETNS="+ns.Path(),
					"CNI_IFNAME=eth0", "CNI_PATH="+plugins)
				cmd.Stdin = bytes.NewReader(config)
				r := world.Finish(t, cmd)
				if verb == "ADD" {
					n["prevResult"] = json.RawMessage(r.Stdout)
				}
				return r
			})
		}
	})
}

// The CNI project's own tool calls the project's own plugins, by version 1.1.0.
func TestCNIToolJoins(t *testing.T) {
	plugins := os.Getenv(cniVar)
	if plugins == "" {
		plugins = "../../bin/cni"
	}
	needs(t, plugins+"/cnitool", plugins+"/bridge", plugins+"/ptp", plugins+"/loopback", plugins+"/host-local")
	joinable(t, func(t *testing.T, ns *netns.Namespace) {
		mount(t, "tmpfs", "/var/lib") // the tool keeps results there
		dir := world.TempDir(t)
		for _, n := range networks(t, dir) {
			config, err := json.Marshal(map[string]any{"cniVersion": "1.1.0", "name": n["name"], "plugins": []network{n}})
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, n["name"].(string)+".conflist"), config, 0o600); err != nil {
				t.Fatal(err)
			}
			addCheckDel(t, ns, dir, n, func(verb string) world.Result {
				cmd := exec.Command(plugins+"/cnitool", strings.ToLower(verb), n["name"].(string), ns.Path())
				cmd.Env = append(os.Environ(), "CNI_PATH="+plugins, "NETCONFPATH="+dir)
				return world.Finish(t, cmd)
			})
		}
	})
}

// addCheckDel connects a namespace to a network, looks at it from inside, and disconnects it. It calls CHECK on a whole network and
// on a broken one.
func addCheckDel(t *testing.T, ns *netns.Namespace, dir string, n network, call func(verb string) world.Result) {
	t.Helper()
	before := links(t)
	if r := call("ADD").Want(t, 0); !strings.Contains(r.Stdout, `"sandbox": "`+ns.Path()+`"`) {
		t.Error(r)
	}
	call("CHECK").Want(t, 0)
	look := world.Run(t, "netns", "exec", "joined", "sh", "-c", lookAround)
	wantInside(t, ns, look)
	if n["type"] == "loopback" {
		world.Sh(t, "ip -n joined link set lo down").Want(t, 0)
		call("CHECK").Want(t, 1)
		world.Sh(t, "ip -n joined link set lo up").Want(t, 0)
		call("DEL").Want(t, 0)
		world.Run(t, "netns", "verify", "joined").Want(t, 7, "lo is down")
		return
	}
	if !strings.Contains(look.Stdout, " eth0    inet 10.99.0.2/24 ") {
		t.Errorf("no address from %v: %v", n["type"], look)
	}
	world.Sh(t, "netns exec joined ping -c 1 -W 2 10.99.0.1").Want(t, 0)
	world.Sh(t, "ip -n joined address flush dev eth0").Want(t, 0)
	call("CHECK").Want(t, 1)
	call("DEL").Want(t, 0)
	world.Run(t, "ip", "-n", "joined", "link", "show", "eth0").Want(t, 1)
	if n["type"] == "bridge" { // the plugin leaves the bridge for other namespaces
		world.Sh(t, "ip link delete cni-bridge").Want(t, 0)
	}
	if after := links(t); !slices.Equal(after, before) {
		t.Errorf("%v left %q, before %q", n["type"], after, before)
	}
	if files := world.Files(t, filepath.Join(dir, "addresses", n["name"].(string))); slices.Contains(files, "10.99.0.2") {
		t.Errorf("%v left an address: %q", n["type"], files)
	}
}
