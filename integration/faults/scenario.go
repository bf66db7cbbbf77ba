//go:build amd64

package main

import (
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// A scenario is a use of the command. The matrix breaks each of its calls in turn.
type scenario struct {
	name    string
	names   []string // of the namespaces that it makes or removes
	options []string // for create
	inside  inside   // what the options ask for
	args    []string
	prepare func(*world, *scenario) error // begins in a world with the earlier namespace alone
	fresh   bool                          // without a run directory
	keeps   bool                          // its names are complete, and must stay complete
}

const (
	verbCreate = "create"
	verbDelete = "delete"
)

var scenarios = []*scenario{
	{name: "create one", names: []string{"a"}},
	{name: "create three", names: []string{"a", "b", "c"}, options: []string{
		"--address", "10.1.2.3/32", "--address", "2001:db8::1/128", "--sysctl", "net.ipv4.ip_forward=1"}, inside: inside{
		[]string{"10.1.2.3/32", "2001:db8::1/128"}, map[string]string{"/proc/sys/net/ipv4/ip_forward": "1"}}},
	{name: "create first", names: []string{"a"}, fresh: true, prepare: prepareFresh},
	// With -q: for its warnings it would read /proc, which changes nothing.
	{name: "delete", names: []string{"a", "b"}, args: []string{verbDelete, "-q", "a", "b"}, prepare: prepareNames},
	{name: "recover", names: []string{"a", "b"}, args: []string{"recover"}, prepare: prepareResidue},
	{name: "recover whole", names: []string{"a", "b"}, args: []string{"recover"}, prepare: prepareWhole, keeps: true},
}

func init() {
	for _, s := range scenarios {
		if s.args == nil {
			s.args = s.create()
		}
	}
}

func findScenario(name string) *scenario {
	for _, s := range scenarios {
		if s.name == name {
			return s
		}
	}
	return nil
}

// create returns the arguments that make the names.
func (s *scenario) create() []string {
	return append(append([]string{verbCreate}, s.options...), s.names...)
}

func (s *scenario) creates() bool { return s.args[0] == verbCreate }

// others returns the existing names besides the scenario's.
func (s *scenario) others() []string {
	if s.fresh {
		return nil
	}
	return []string{earlier}
}

// prepareFresh removes the run directory. /run is shared, as under systemd, so that a double mount shows.
func prepareFresh(w *world, _ *scenario) error { return w.renew(unix.MS_SHARED) }

func prepareNames(w *world, s *scenario) error { return w.must(0, s.create()...) }

// prepareResidue leaves a transaction that died between its last two steps: the second name is linked, not mounted.
func prepareResidue(w *world, s *scenario) error { return w.leave(s, "linkat %s", bare) }

// prepareWhole leaves a transaction that died after its last step, before it was marked as done.
func prepareWhole(w *world, s *scenario) error { return w.leave(s, "mount %s 0x1000", complete) }

// leave kills both processes of a create after a call on the last name, whose nature must then be this.
func (w *world) leave(s *scenario, text, nature string) error {
	last := s.names[len(s.names)-1]
	at := call{roleChild, fmt.Sprintf(text, runDir+"/"+last), 1, false}
	t := &tracer{aim: &aim{at, fault{Kind: faultBothAfter}}}
	w.trace(t, s.create()...)
	if now := w.look(s); !t.fired || now.of(last) != nature {
		return fmt.Errorf("no residue to recover: %v", now)
	}
	return nil
}

// must runs the command, and returns an error unless it ends with this code.
func (w *world) must(code int, args ...string) error {
	if a := w.run(args...); a.code != code {
		return fmt.Errorf("netns %s: want exit code %d, got %v", strings.Join(args, " "), code, a)
	}
	return nil
}

// reset makes a world with the earlier namespace alone.
func (w *world) reset() error {
	if err := w.renew(unix.MS_PRIVATE); err != nil {
		return err
	}
	return w.must(0, verbCreate, earlier)
}
