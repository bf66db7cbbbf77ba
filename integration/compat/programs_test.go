package compat

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

// A program uses ip netns in the manner of the program that it is modelled on.
type program struct {
	like   string
	script string // for bash; it says "reached the end" at its end
}

// wrapper is an ip that hands ip netns over to netns, and everything else to ip. Options before netns are handed over as well.
const wrapper = `#!/bin/sh
for word; do
	case $word in
	netns) exec netns "$@" ;;
	-n|-netns|-b|-batch) break ;; # its value is no object
	-*|inet|inet6) ;;
	*) break ;;
	esac
done
exec %s "$@"
`

// Each program ends in the same way with ip netns and with netns in its place: the same code, output and run directory.
func TestPrograms(t *testing.T) {
	world.Clean(t)
	ip := strings.TrimSpace(world.Sh(t, "command -v ip").Want(t, 0).Stdout)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "ip"), fmt.Appendf(nil, wrapper, ip), 0o755); err != nil {
		t.Fatal(err)
	}
	if ours := world.Sh(t, "'"+dir+"/ip' -o netns version"); ours.Stdout != world.Netns(t, "version").Stdout {
		t.Fatal(ours)
	}
	world.Creatable(t, "first")
	for _, p := range programs {
		t.Run(p.like, func(t *testing.T) {
			world.Clean(t)
			theirs, ours := p.end(t, ""), p.end(t, dir)
			if theirs != ours {
				t.Errorf("with ip netns:\n%s\nwith netns:\n%s", theirs, ours)
			}
			if !strings.Contains(theirs, "reached the end") {
				t.Errorf("it does not reach its end: %s", theirs)
			}
		})
	}
}

// end runs a program with the ip in a directory, or with the usual one, and returns what it has done.
func (p program) end(t *testing.T, dir string) string {
	t.Helper()
	defer world.Until(t, func() bool { // the kernel removes a link a moment after its namespace
		return world.Sh(t, "ip -br link show type veth").Stdout == ""
	})
	defer world.EmptyRunDir(t)
	file := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(file, []byte(p.script), 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := world.Shell("exec timeout 30 bash '" + file + "'")
	if dir != "" {
		cmd.Env = append(cmd.Env, "PATH="+dir+":"+filepath.Dir(world.Binary())+":"+os.Getenv("PATH"))
	}
	r := world.Finish(t, cmd)
	if r.Stderr != "" {
		t.Logf("%s", r.Stderr)
	}
	return fmt.Sprintf("exit code %d\n%srun directory: %s", r.Code, r.Stdout, inRunDir(t))
}
