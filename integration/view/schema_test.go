//go:build all

package view

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

// The output of -o json matches docs/json-schema.json, and has no other keys.
func TestJSONSchema(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "-q", "--address", "10.1.2.3/32", "a", "b")
	world.Sh(t, `ip -n a link add v0 type veth peer name v1 netns b && ip -n a link set v0 up && ip -n b link set v1 up &&
		ip -n a addr add 10.9.0.1/24 dev v0 && ip -n a route add default via 10.9.0.2 &&
		ip -n a route add blackhole 10.8.0.0/16 && ip -n a route add 10.7.0.0/16 nexthop via 10.9.0.2 nexthop via 10.9.0.3 && netns set a 7 && touch /run/netns/zz`).Want(t, 0)
	world.Run(t, "netns", "create", "--rollback-on-fail=false", "--sysctl", "net.nope=1", "kept").Want(t, 8)
	const heldIn = "netns exec a sleep 60 & pid=$!; exec 9</run/netns/a; until netns pids a | grep -q .; do sleep 0.01; done; "
	for verb, script := range map[string]string{
		"list":     heldIn + "netns list --all -o json; kill $pid",
		"inspect":  heldIn + "netns inspect -o json a b kept zz; kill $pid",
		"pids":     heldIn + "netns pids --all -o json a; kill $pid",
		"verify":   "netns verify -o json a kept 2>/dev/null; true",
		"identify": "netns exec a netns identify -o json",
		"list-id":  "netns list-id -o json",
		"recover":  "netns recover --dry-run -o json 2>/dev/null; true",
		"monitor":  "timeout 1 netns monitor -o json & sleep 0.3; netns create -q c; netns delete c; wait",
	} {
		r := world.Sh(t, script).Want(t, 0)
		if len(r.Stdout) < 20 {
			t.Errorf("%s: %v", verb, r)
		}
		instance := r.Stdout
		if verb == "monitor" { // one object a line
			instance, _, _ = strings.Cut(instance, "\n")
		}
		dir := t.TempDir()
		write := func(name, text string) string {
			path := filepath.Join(dir, name)
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			return path
		}
		check := world.Run(t, "jsonschema", "-i", write("instance", instance), write("schema", strictSchema(t, verb)))
		if check.Code != 0 {
			t.Errorf("%s: %v\n%s", verb, check, instance)
		}
	}
	world.Netns(t, "delete", "a", "b", "kept")
	os.Remove("/run/netns/zz")
}

// strictSchema returns the schema of a verb's output, without further keys.
func strictSchema(t *testing.T, verb string) string {
	text, err := os.ReadFile("../../docs/json-schema.json")
	if err != nil {
		t.Fatal(err)
	}
	var schema map[string]any
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	schema["$ref"] = "#/$defs/" + verb
	var close func(value any)
	close = func(value any) {
		object, _ := value.(map[string]any)
		for key, inner := range object {
			if key != "namespace" { // other definitions extend it
				close(inner)
			}
		}
		if _, ok := object["properties"].(map[string]any); ok {
			object["unevaluatedProperties"] = false
		}
	}
	close(schema["$defs"])
	strict, err := json.Marshal(schema)
	if err != nil {
		t.Fatal(err)
	}
	return string(strict)
}
