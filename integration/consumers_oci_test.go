//go:build all

package integration

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	library "github.com/netns-go/netns"
	"github.com/netns-go/netns/internal/world"
)

// runc and crun join the namespace that their configuration names.
func TestRuntimesJoin(t *testing.T) {
	for _, runtime := range []string{"runc", "crun"} {
		t.Run(runtime, func(t *testing.T) {
			needs(t, runtime)
			joinable(t, func(t *testing.T, ns *library.Namespace) {
				mount(t, "cgroup2", "/sys/fs/cgroup")
				dir := scratch(t)
				writeBundle(t, dir, ns.Path())
				id := fmt.Sprintf("netns-test-%d", ns.ID()) // cgroups are the machine's
				wantInside(t, ns, run(t, runtime, "--root", dir+"/state", "run", "--bundle", dir, id))
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
	joinable(t, func(t *testing.T, ns *library.Namespace) {
		mount(t, "cgroup2", "/sys/fs/cgroup") // crun looks at it even for a container without a cgroup
		mount(t, "tmpfs", "/dev/shm")         // where podman has its locks
		dir := scratch(t)
		rootfs(t, dir)
		podman := func(args ...string) result {
			return run(t, append([]string{"podman", "--root", dir + "/root", "--runroot", dir + "/runroot", "--tmpdir", dir + "/tmp",
				"--storage-driver", "vfs", "--events-backend", "none", "--cgroup-manager", "cgroupfs", "--runtime", "crun"}, args...)...)
		}
		wantInside(t, ns, podman("run", "--rm", "--cgroups", "disabled", "--network", "ns:"+ns.Path(),
			"--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024", "--volume", "/usr:/usr:ro",
			"--rootfs", dir+"/rootfs", "sh", "-c", lookAround))
		// conmon cleans up when podman has ended.
		until(t, func() bool {
			return !slices.ContainsFunc(world.Processes(t), func(p string) bool {
				return strings.HasSuffix(p, "(conmon") || strings.HasSuffix(p, "(podman")
			})
		})
		if r := podman("ps", "--all", "--quiet").want(t, 0); r.stdout != "" {
			t.Error(r)
		}
	})
}

// bubblewrap stays in the namespace of its parent: a command of netns exec, or a function of Namespace.Do.
func TestBubblewrapInherits(t *testing.T) {
	needs(t, "bwrap")
	joinable(t, func(t *testing.T, ns *library.Namespace) {
		sandbox := []string{"bwrap", "--unshare-all", "--share-net", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev",
			"sh", "-c", lookAround}
		wantInside(t, ns, run(t, append([]string{"netns", "exec", "joined"}, sandbox...)...))
		var stdout []byte
		err := ns.Do(t.Context(), func() (err error) {
			stdout, err = command(sandbox...).Output()
			return err
		})
		if err != nil {
			t.Error(err)
		}
		wantInside(t, ns, result{args: sandbox, stdout: string(stdout)})
	})
}

// writeBundle writes a configuration by the OCI's runtime specification, of a container that runs inside.
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

// rootfs makes the root directory of a container that has the machine's /usr.
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

// cgroups returns those of a name.
func cgroups(t *testing.T, name string) (found []string) {
	t.Helper()
	filepath.WalkDir("/sys/fs/cgroup", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == name { // others of the machine may go meanwhile
			found = append(found, path)
		}
		return nil
	})
	return found
}
