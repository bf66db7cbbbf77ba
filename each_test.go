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
	"github.com/netns-go/netns/holders"
	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

// A crowd has the things that many goroutines use at once.
type crowd struct {
	ctx     context.Context
	options netns.Options
	ns      *netns.Namespace // the goroutines work in it
	quiet   *netns.Namespace // no process is inside
	closing *netns.Namespace // the goroutines close it
	dir     *netns.Dir
	factory *netns.Factory
	witness *holders.Witness
	address string // of a listener in ns
	next    atomic.Int64
}

// Eight goroutines call every exported function at once: first all call the same one, then each calls another one. With the race
// detector, the test also fails on a data race.
func TestEachFromManyGoroutines(t *testing.T) {
	world.Clean(t)
	c := newCrowd(t)
	all := c.functions()
	for _, name := range append(exported(t, "."), exported(t, "holders")...) {
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

// exported returns the exported functions and methods of a package.
func exported(t *testing.T, dir string) (names []string) {
	t.Helper()
	for _, decl := range parse(t, dir, "linux") {
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
	c.witness, errs[2] = holders.NewWitness(c.ns)
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
	for _, some := range []map[string]func() error{c.making(), c.opening(), c.directory(), c.inside(), c.holding(), c.watching()} {
		maps.Copy(all, some)
	}
	return all
}

// name returns a new name.
func (c *crowd) name() string { return fmt.Sprint("new", c.next.Add(1)) }

func (c *crowd) making() map[string]func() error {
	return map[string]func() error{
		"Check":         func() error { return netns.Check([]string{"name"}, c.options) },
		"Create":        c.create,
		"Delete":        c.create,
		"New":           func() error { return c.drop(netns.New(c.ctx, c.name(), c.options)) },
		"NewAt":         func() error { return c.drop(netns.NewAt(c.ctx, "/run/netns/"+c.name(), c.options)) },
		"RandomName":    func() error { return c.drop(netns.New(c.ctx, netns.RandomName("random-"), c.options)) },
		"DeleteAt":      func() error { return netns.DeleteAt(c.ctx, "/run/netns/"+c.name(), netns.DeleteOptions{}) },
		"UserDir":       func() error { _, err := netns.UserDir(); return err },
		"NewFactory":    func() error { return twice(netns.NewFactory(c.ctx, c.options, 1)) },
		"Factory.Close": func() error { return twice(netns.NewFactory(c.ctx, c.options, 1)) },
		"Factory.Create": func() error {
			name := c.name()
			return errors.Join(c.factory.Create(c.ctx, name), netns.Delete(c.ctx, name, netns.DeleteOptions{MustExist: true}))
		},
		"Factory.New": func() error { return c.drop(c.factory.New(c.ctx, c.name())) },
		"Unshare": func() error { // on another thread than the main one, because that could not end
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

func (c *crowd) opening() map[string]func() error {
	return map[string]func() error{
		"Open":     func() error { return shut(netns.Open("x")) },
		"OpenPath": func() error { return shut(netns.OpenPath("/run/netns/x")) },
		"OpenPID":  func() error { return shut(netns.OpenPID(os.Getpid())) },
		"OpenFd":   func() error { return shut(netns.OpenFd(c.ns.Fd())) },
		"OpenPidfd": func() error {
			pidfd, err := unix.PidfdOpen(os.Getpid(), 0)
			if err != nil {
				return err
			}
			defer unix.Close(pidfd)
			return shut(netns.OpenPidfd(pidfd))
		},
		"List":                  func() error { return through(netns.List()) },
		"PeerIDs":               func() error { _, err := netns.PeerIDs(); return err },
		"PeerIDsOf":             func() error { _, err := netns.PeerIDsOf(4711); return except[*netns.NotExistError](err) },
		"OwnError.Error":        func() error { _ = new(netns.OwnError).Error(); return nil },
		"NSIDError.Error":       func() error { _ = new(netns.NSIDError).Error(); return nil },
		"NSIDError.Is":          func() error { _ = errors.Is(new(netns.NSIDError), os.ErrExist); return nil },
		"Namespace.Path":        func() error { _ = c.ns.Path(); return nil },
		"Namespace.ID":          func() error { _ = c.ns.ID(); return nil },
		"Namespace.Fd":          func() error { _ = c.ns.Fd(); return nil },
		"Namespace.SyscallConn": func() error { _, err := c.ns.SyscallConn(); return err },
		"Namespace.NSID":        func() error { _, _, err := c.ns.NSID(); return err },
		"Namespace.SetNSID":     func() error { return except[*netns.NSIDError](c.ns.SetNSID(5)) },
		"Namespace.AssignNSID":  func() error { _, err := c.ns.AssignNSID(); return except[*netns.NSIDError](err) },
		"Namespace.Delete":      func() error { return c.drop(netns.New(c.ctx, c.name(), netns.Options{})) },
		"Namespace.Close":       func() error { c.closing.Close(); return nil },
	}
}

func (c *crowd) holding() map[string]func() error {
	kill := func(o holders.KillOptions) error { return holders.Kill(c.ctx, o, c.quiet) }
	return map[string]func() error{
		"Of":            func() error { _, err := holders.Of(c.ctx, c.ns, c.quiet); return err },
		"Processes":     func() error { _, err := holders.Processes(c.ctx, c.ns, c.quiet); return err },
		"InUse":         func() error { _, err := holders.InUse(c.ctx); return err },
		"CheckSight":    func() error { return holders.CheckSight(c.quiet) },
		"CheckKill":     func() error { return holders.CheckKill(c.quiet) },
		"CheckComplete": func() error { return holders.CheckComplete(c.ctx) },
		"Kill": func() error {
			return errors.Join(kill(holders.KillOptions{}), kill(holders.KillOptions{SeenOnly: true}))
		},
		"Holder.String":     func() error { _ = holders.Holder{}.String(); return nil },
		"VitalError.Error":  func() error { _ = new(holders.VitalError).Error(); return nil },
		"HiddenError.Error": func() error { _ = new(holders.HiddenError).Error(); return nil },
	}
}

// through goes through an iterator and returns its error.
func through[T any](all iter.Seq2[T, error]) error {
	for _, err := range all {
		if err != nil {
			return err
		}
	}
	return nil
}

// except returns an error unless it is of an expected type.
func except[T error](err error) error {
	if _, ok := errors.AsType[T](err); ok {
		return nil
	}
	return err
}

func (c *crowd) directory() map[string]func() error {
	return map[string]func() error{
		"OpenDir":     func() error { return shut(netns.OpenDir("")) },
		"Dir.Close":   func() error { return shut(netns.OpenDir("")) },
		"Dir.Path":    func() error { _ = c.dir.Path(); return nil },
		"Dir.NamesOf": func() error { _, err := c.dir.NamesOf(c.ns); return err },
		"Dir.Recover": func() error { _, err := c.dir.Recover(c.ctx, netns.RecoverOptions{DryRun: true}); return err },
		"Dir.Create": func() error {
			name := c.name()
			return errors.Join(c.dir.Create(c.ctx, []string{name}, c.options), c.dir.Delete(c.ctx, name, netns.DeleteOptions{MustExist: true}))
		},
		"Dir.New": func() error { return c.drop(c.dir.New(c.ctx, c.name(), c.options)) },
		"Dir.Release": func() error { // not of the directory that the other goroutines use
			dir, err := netns.OpenDir("/run/missing")
			return errors.Join(err, dir.Release(c.ctx), dir.Close())
		},
		"Dir.NewFactory": func() error { return twice(c.dir.NewFactory(c.ctx, c.options, 1)) },
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
		"Namespace.Resolver":     func() error { _, err := c.ns.Resolver().LookupHost(c.ctx, "localhost"); return err },
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
		"Dir.Watch": func() error {
			ctx, cancel := context.WithTimeout(c.ctx, 50*time.Millisecond)
			defer cancel()
			return through(c.dir.Watch(ctx, netns.WatchOptions{Existing: true}))
		},
		"NewWitness":    func() error { return twice(holders.NewWitness(c.quiet)) },
		"Witness.Close": func() error { return twice(holders.NewWitness(c.quiet)) },
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
