//go:build all

package consumers

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/internal/world"
)

// runc and crun join the namespace in their configuration.
func TestRuntimesJoin(t *testing.T) {
	for _, runtime := range []string{"runc", "crun"} {
		t.Run(runtime, func(t *testing.T) {
			needs(t, runtime)
			joinable(t, func(t *testing.T, ns *netns.Namespace) {
				mount(t, "cgroup2", "/sys/fs/cgroup")
				dir := world.TempDir(t)
				writeBundle(t, dir, ns.Path())
				id := fmt.Sprintf("netns-test-%d", ns.ID()) // because cgroups belong to the machine
				wantInside(t, ns, world.Run(t, runtime, "--root", dir+"/state", "run", "--bundle", dir, id))
				if left := world.Files(t, dir+"/state"); len(left) > 0 {
					t.Errorf("state left: %q", left)
				}
				if left := cgroups(t, id); len(left) > 0 {
					t.Errorf("cgroups left: %q", left)
				}
			})
		})
	}
}

// podman joins a namespace by its path, and leaves neither processes nor a container.
func TestPodmanJoins(t *testing.T) {
	needs(t, "podman", "crun")
	joinable(t, func(t *testing.T, ns *netns.Namespace) {
		mount(t, "cgroup2", "/sys/fs/cgroup") // crun reads it even for a container without a cgroup
		mount(t, "tmpfs", "/dev/shm")         // for podman's locks
		dir := world.TempDir(t)
		rootfs(t, dir)
		podman := func(args ...string) world.Result {
			return world.Run(t, append([]string{"podman", "--root", dir + "/root", "--runroot", dir + "/runroot", "--tmpdir", dir + "/tmp",
				"--storage-driver", "vfs", "--events-backend", "none", "--cgroup-manager", "cgroupfs", "--runtime", "crun"}, args...)...)
		}
		wantInside(t, ns, podman("run", "--rm", "--cgroups", "disabled", "--network", "ns:"+ns.Path(),
			"--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024", "--volume", "/usr:/usr:ro",
			"--rootfs", dir+"/rootfs", "sh", "-c", lookAround))
		// conmon cleans up when podman has ended.
		world.Until(t, func() bool {
			return !slices.ContainsFunc(world.Processes(t), func(p string) bool {
				return strings.HasSuffix(p, "(conmon") || strings.HasSuffix(p, "(podman")
			})
		})
		if r := podman("ps", "--all", "--quiet").Want(t, 0); r.Stdout != "" {
			t.Error(r)
		}
	})
}

// bubblewrap stays in the namespace of its parent: of netns exec, or of a function in Namespace.Do.
func TestBubblewrapInherits(t *testing.T) {
	needs(t, "bwrap")
	joinable(t, func(t *testing.T, ns *netns.Namespace) {
		sandbox := []string{"bwrap", "--unshare-all", "--share-net", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev",
			"sh", "-c", lookAround}
		wantInside(t, ns, world.Run(t, append([]string{"netns", "exec", "joined"}, sandbox...)...))
		var stdout []byte
		err := ns.Do(t.Context(), func() (err error) {
			stdout, err = world.Command(sandbox...).Output()
			return err
		})
		if err != nil {
			t.Error(err)
		}
		wantInside(t, ns, world.Result{Args: sandbox, Stdout: string(stdout)})
	})
}

// writeBundle writes the configuration of a container in the namespace, by the OCI's runtime specification.
func writeBundle(t *testing.T, dir, path string) {
	t.Helper()
	rootfs(t, dir)
	type object = map[string]any
	config, err := json.Marshal(object{
		"ociVersion": "1.0.2",
		"root":       object{"path": "rootfs"},
		"process": object{"cwd": "/", "user": object{"uid": 0, "gid": 0}, "env": []string{"PATH=/usr/sbin:/usr/bin"},
			"args": []string{"sh", "-c", lookAround}},
		"mounts": []object{
			{"destination": "/proc", "type": "proc", "source": "proc"},
			{"destination": "/usr", "type": "bind", "source": "/usr", "options": []string{"rbind", "ro"}},
		},
		"linux": object{"namespaces": []object{{"type": "pid"}, {"type": "mount"}, {"type": "network", "path": path}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir+"/config.json", config, 0o600); err != nil {
		t.Fatal(err)
	}
}

// rootfs makes a container's root directory, for the machine's /usr.
func rootfs(t *testing.T, dir string) {
	t.Helper()
	for _, path := range []string{"dev", "proc", "usr"} {
		if err := os.MkdirAll(dir+"/rootfs/"+path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{"bin", "sbin", "lib", "lib64"} {
		if err := os.Symlink("usr/"+path, dir+"/rootfs/"+path); err != nil {
			t.Fatal(err)
		}
	}
}

// cgroups returns the cgroups with a name.
func cgroups(t *testing.T, name string) (found []string) {
	t.Helper()
	filepath.WalkDir("/sys/fs/cgroup", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == name { // other cgroups may disappear meanwhile
			found = append(found, path)
		}
		return nil
	})
	return found
}
