package load

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

// create reports that it needs more descriptors before it builds anything.
func TestDescriptorLimit(t *testing.T) {
	world.Clean(t)
	names := thousand()
	const limited = `export GOMAXPROCS=1; ulimit -n 256; exec setpriv --bounding-set=-sys_resource "$@"`
	world.Run(t, append([]string{"sh", "-c", limited, "sh", "netns", "create"}, names...)...).
		Want(t, 6, "having 1064 files open where the limit (ulimit -Hn) is 256 needs CAP_SYS_RESOURCE")
	world.Run(t, append([]string{"sh", "-c", `ulimit -Sn 64; exec "$@"`, "sh", "netns", "create"}, names...)...).Want(t, 0)
	world.Netns(t, append([]string{"delete"}, names...)...)
}

// With hardly a descriptor, each verb works, or fails with a message and a code of netns. It never fails in the Go runtime, which
// needs two descriptors for its poller.
func TestFewDescriptors(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "-q", "y")
	for limit := 3; limit <= 14; limit++ {
		for verb, codes := range map[string][]int{
			"create -q x": {0, 1, 6}, "list": {0, 1}, "list -o wide": {0, 1}, "inspect y": {0, 1}, "verify y": {0, 1, 7}, "pids y": {0, 1},
			"identify 1": {0, 1, 6}, "attach --own -q z 1": {0, 1, 4, 6}, "delete x": {0, 1, 3}, "delete z": {0, 1, 3}, "recover": {0, 1, 8},
			"exec y true": {0, 125}, "run true": {0, 125}, "version": {0, 1},
		} {
			few := []string{"setpriv", "--bounding-set=-sys_resource", "prlimit", fmt.Sprintf("--nofile=%d:%d", limit, limit), "netns"}
			r := world.Run(t, append(few, strings.Fields(verb)...)...)
			said := strings.Count(r.Stderr, "\n")
			if !slices.Contains(codes, r.Code) || strings.Contains(r.Stderr, "goroutine") || r.Code != 0 && said == 0 || said > 3 {
				t.Errorf("with %d: %v", limit, r)
			}
		}
	}
	world.Run(t, "netns", "delete", "--if-exists", "x", "z")
	world.Netns(t, "delete", "y")
}
