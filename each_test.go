//go:build linux

package netns_test

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"iter"
	"maps"
	"os"
	"os/exec"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

// A crowd is what many goroutines use at once.
type crowd struct {
	ctx     context.Context
	options netns.Options
	ns      *netns.Namespace // in which they are
	quiet   *netns.Namespace // in which nobody is
	closing *netns.Namespace // which they close
	dir     *netns.Dir
	factory *netns.Factory
	witness *netns.Witness
	address string // of a listener in ns
	next    atomic.Int64
}

// Every exported function is called from eight goroutines at once: first all call the same one, then each another one. The
// race detector, if it is there, tells what they do wrong.
func TestEachFromManyGoroutines(t *testing.T) {
	world.Clean(t)
	c := newCrowd(t)
	all := c.functions()
	for _, name := range exported(t) {
		if all[name] == nil {
			t.Errorf("%s is not called", name)
		}
	}
	names := slices.Sorted(maps.Keys(all))
	call := func(name string) {
		if err := all[name](); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	const goroutines = 8
	for _, name := range names {
		var same sync.WaitGroup
		for range goroutines {
			same.Go(func() { call(name) })
		}
		same.Wait()
	}
	var others sync.WaitGroup
	for g := range goroutines {
		others.Go(func() {
			for i := range names {
				call(names[(i+g*len(names)/goroutines)%len(names)])
			}
		})
	}
	others.Wait()
}

// exported returns the package's exported functions and methods.
func exported(t *testing.T) (names []string) {
	t.Helper()
	for _, decl := range parse(t, ".", "linux") {
		f, ok := decl.(*ast.FuncDecl)
		if !ok || !isExported(f) {
			continue
		}
		name := f.Name.Name
		if f.Recv != nil {
			receiver := f.Recv.List[0].Type
			if star, ok := receiver.(*ast.StarExpr); ok {
				receiver = star.X
			}
			name = text(receiver) + "." + name
		}
		names = append(names, name)
	}
	return names
}

func newCrowd(t *testing.T) *crowd {
	t.Helper()
	t.Setenv("XDG_RUNTIME_DIR", "/run")
	c := &crowd{ctx: t.Context(), ns: create(t, "x"), quiet: create(t, "quiet"), closing: create(t, "closing")}
	c.options = netns.Options{Addresses: []string{"10.1.2.3/32"}, Sysctls: []string{"net.ipv4.ip_forward=1"}}
	var errs [4]error
	c.dir, errs[0] = netns.OpenDir("")
	c.factory, errs[1] = netns.NewFactory(c.ctx, c.options, 2)
	c.witness, errs[2] = netns.NewWitness(c.ns)
	listener, err := c.ns.Listen(c.ctx, "tcp", "127.0.0.1:0")
	if err := errors.Join(append(errs[:], err)...); err != nil {
		t.Fatal(err)
	}
	c.address = listener.Addr().String()
	t.Cleanup(func() {
		listener.Close()
		c.factory.Close()
		c.witness.Close()
		c.dir.Close()
		for _, ns := range []*netns.Namespace{c.ns, c.quiet} {
			if err := errors.Join(ns.Delete(context.Background()), ns.Close()); err != nil {
				t.Error(err)
			}
		}
		if err := netns.Delete(context.Background(), "closing", netns.DeleteOptions{}); err != nil {
			t.Error(err)
		}
	})
	return c
}

func (c *crowd) functions() map[string]func() error {
	all := map[string]func() error{}
	for _, some := range []map[string]func() error{c.making(), c.finding(), c.directory(), c.inside(), c.watching()} {
		maps.Copy(all, some)
	}
	return all
}

// name returns one that is new.
func (c *crowd) name() string { return fmt.Sprint("new", c.next.Add(1)) }

func (c *crowd) making() map[string]func() error {
	return map[string]func() error{
		"Check":         func() error { return netns.Check([]string{"name"}, c.options) },
		"Create":        c.create,
		"Delete":        c.create,
		"New":           func() error { return c.drop(netns.New(c.ctx, c.name(), c.options)) },
		"NewAt":         func() error { return c.drop(netns.NewAt(c.ctx, "/run/netns/"+c.name(), c.options)) },
		"NewRandom":     func() error { return c.drop(netns.NewRandom(c.ctx, "random-", c.options)) },
		"UserDir":       func() error { _, err := netns.UserDir(); return err },
		"NewFactory":    func() error { return twice(netns.NewFactory(c.ctx, c.options, 1)) },
		"Factory.Close": func() error { return twice(netns.NewFactory(c.ctx, c.options, 1)) },
		"Factory.Create": func() error {
			name := c.name()
			return errors.Join(c.factory.Create(c.ctx, name), netns.Delete(c.ctx, name, netns.DeleteOptions{MustExist: true}))
		},
		"Unshare": func() error { // on a thread that is not the main one, which could not end
			return netns.Tour(func(func(*netns.Namespace) error) error { return netns.Unshare(c.options) })
		},
	}
}

func (c *crowd) create() error {
	name := c.name()
	return errors.Join(netns.Create(c.ctx, []string{name}, c.options), netns.Delete(c.ctx, name, netns.DeleteOptions{MustExist: true}))
}

// drop deletes a namespace that was made.
func (c *crowd) drop(ns *netns.Namespace, err error) error {
	if err != nil {
		return err
	}
	return errors.Join(ns.Delete(c.ctx), ns.Close())
}

// shut closes what was opened.
func shut[T interface{ Close() error }](open T, err error) error {
	if err != nil {
		return err
	}
	return open.Close()
}

// twice closes what was opened, by two goroutines at once.
func twice[T interface{ Close() }](open T, err error) error {
	if err != nil {
		return err
	}
	var all sync.WaitGroup
	all.Go(open.Close)
	open.Close()
	all.Wait()
	return nil
}

func (c *crowd) finding() map[string]func() error {
	return map[string]func() error{
		"Open":           func() error { return shut(netns.Open("", "x")) },
		"OpenPath":       func() error { return shut(netns.OpenPath("/run/netns/x")) },
		"OpenPID":        func() error { return shut(netns.OpenPID(os.Getpid())) },
		"OpenFd":         func() error { return shut(netns.OpenFd(c.ns.Fd())) },
		"Names":          func() error { _, err := netns.Names(""); return err },
		"NamesOf":        func() error { _, err := netns.NamesOf("", c.ns); return err },
		"List":           func() error { return through(netns.List("")) },
		"Lookup":         func() error { _, err := netns.Lookup("", "x"); return err },
		"HiddenFromInit": func() error { netns.HiddenFromInit("/run/netns", "x"); return nil },
		"Recover":        func() error { _, err := netns.Recover(c.ctx, "", true); return err },
		"CheckTrust":     func() error { return netns.CheckTrust("/run/netns") },
		"Holders":        func() error { _, err := netns.Holders(c.ctx, c.ns, c.quiet); return err },
		"Processes":      func() error { _, err := netns.Processes(c.ctx, c.ns, c.quiet); return err },
		"InUse":          func() error { _, err := netns.InUse(c.ctx); return err },
		"OpenTrusted": func() error {
			f, err := netns.OpenTrusted("/run/netns")
			if err == nil {
				err = f.Close()
			}
			return err
		},
		"Explain":           func() error { return netns.Explain(unix.CAP_SYS_ADMIN, "this", "", nil) },
		"CheckSight":        func() error { return netns.CheckSight(c.quiet) },
		"KillSeen":          func() error { return netns.KillSeen(c.ctx, unix.SIGTERM, 0, c.quiet) },
		"HiddenError.Error": func() error { _ = new(netns.HiddenError).Error(); return nil },
		"CheckKill":         func() error { return netns.CheckKill(c.quiet) },
		"Kill":              func() error { return netns.Kill(c.ctx, unix.SIGTERM, 0, c.quiet) },
		"PeerIDs":           func() error { _, err := netns.PeerIDs(netns.NoNSID); return err },
		"Holder.String":     func() error { _ = netns.Holder{}.String(); return nil },
		"VitalError.Error":  func() error { _ = new(netns.VitalError).Error(); return nil },
		"NSIDError.Error":   func() error { _ = new(netns.NSIDError).Error(); return nil },
		"NSIDError.Is":      func() error { _ = errors.Is(new(netns.NSIDError), os.ErrExist); return nil },
		"Namespace.Path":    func() error { _ = c.ns.Path(); return nil },
		"Namespace.ID":      func() error { _ = c.ns.ID(); return nil },
		"Namespace.Fd":      func() error { _ = c.ns.Fd(); return nil },
		"Namespace.NSID":    func() error { _, err := c.ns.NSID(); return err },
		"Namespace.SetNSID": func() error { return except[*netns.NSIDError](c.ns.SetNSID(netns.NoNSID)) },
		"Namespace.Delete":  func() error { return c.drop(netns.New(c.ctx, c.name(), netns.Options{})) },
		"Namespace.Close":   func() error { c.closing.Close(); return nil },
	}
}

// through goes through all that an iterator has.
func through[T any](all iter.Seq2[T, error]) error {
	for _, err := range all {
		if err != nil {
			return err
		}
	}
	return nil
}

// except returns an error unless it is of the type that may come.
func except[T error](err error) error {
	if _, ok := errors.AsType[T](err); ok {
		return nil
	}
	return err
}

func (c *crowd) directory() map[string]func() error {
	return map[string]func() error{
		"OpenDir":        func() error { return twice(netns.OpenDir("")) },
		"Dir.Close":      func() error { return twice(netns.OpenDir("")) },
		"Dir.Names":      func() error { _, err := c.dir.Names(); return err },
		"Dir.List":       func() error { return through(c.dir.List()) },
		"Dir.Lookup":     func() error { _, err := c.dir.Lookup("x"); return err },
		"Dir.LookupOpen": func() error { _, ns, err := c.dir.LookupOpen("x"); return shut(ns, err) },
		"Dir.Open":       func() error { return shut(c.dir.Open("x")) },
		"Dir.Delete": func() error {
			name := c.name()
			return errors.Join(netns.Create(c.ctx, []string{name}, c.options), c.dir.Delete(c.ctx, name, netns.DeleteOptions{}))
		},
		"Dir.DeleteShown": func() error {
			var missing *netns.NotExistError
			if err := c.dir.DeleteShown(c.ctx, "missing", c.ns); !errors.As(err, &missing) {
				return fmt.Errorf("DeleteShown: %w", err)
			}
			return nil
		},
		"Dir.DeleteNames": func() error {
			names := []string{c.name(), c.name()}
			err := netns.Create(c.ctx, names, c.options)
			deleted, err2 := c.dir.DeleteNames(c.ctx, names, netns.DeleteOptions{})
			for _, ns := range deleted {
				ns.Close()
			}
			return errors.Join(err, err2)
		},
	}
}

func (c *crowd) inside() map[string]func() error {
	return map[string]func() error{
		"Namespace.Do": func() error { return c.ns.Do(c.ctx, func() error { return nil }) },
		"Tour": func() error {
			return netns.Tour(func(enter func(*netns.Namespace) error) error {
				return errors.Join(enter(c.ns), enter(c.quiet), enter(c.ns))
			})
		},
		"Namespace.Start":        func() error { cmd := exec.Command("true"); return errors.Join(c.ns.Start(cmd), cmd.Wait()) },
		"Namespace.Verify":       c.ns.Verify,
		"Namespace.DialContext":  func() error { return shut(c.ns.DialContext(c.ctx, "tcp", c.address)) },
		"Namespace.Listen":       func() error { return shut(c.ns.Listen(c.ctx, "tcp", "localhost:0")) },
		"Namespace.ListenPacket": func() error { return shut(c.ns.ListenPacket(c.ctx, "udp", "localhost:0")) },
		"Namespace.Netlink": func() error {
			handle, err := c.ns.Netlink()
			if err == nil {
				_, err = handle.LinkList()
				handle.Close()
			}
			return err
		},
	}
}

func (c *crowd) watching() map[string]func() error {
	return map[string]func() error{
		"Watch": func() error {
			ctx, cancel := context.WithTimeout(c.ctx, 50*time.Millisecond)
			defer cancel()
			return through(netns.Watch(ctx, "", true))
		},
		"NewWitness":    func() error { return twice(netns.NewWitness(c.quiet)) },
		"Witness.Close": func() error { return twice(netns.NewWitness(c.quiet)) },
		"Witness.Wait": func() error {
			ctx, cancel := context.WithTimeout(c.ctx, 50*time.Millisecond)
			defer cancel()
			if left, err := c.witness.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) || len(left) != 1 {
				return fmt.Errorf("left %v, %w", left, err)
			}
			return nil
		},
	}
}
