//go:build linux

package netns_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/holders"
	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

// panicVar makes this program end with a panic in a function that it gives to Tour.
const panicVar = "NETNS_TEST_PANIC"

// rootlessVar tells this program that it is root of a user namespace only, and uses the network namespace of its parent.
const rootlessVar = "NETNS_TEST_ROOTLESS"

func init() {
	switch {
	case os.Getenv(panicVar) != "":
		netns.Tour(panics)
	case os.Getenv(rootlessVar) != "":
		if err := rootless(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
}

var errBoom = errors.New("boom")

func panics(func(*netns.Namespace) error) error { panic(errBoom) }

// threadsAt returns the namespaces of this process's threads.
func threadsAt(t *testing.T) map[string]string {
	t.Helper()
	at := map[string]string{}
	for _, tid := range world.Files(t, "/proc/self/task") {
		network, err := os.Readlink("/proc/self/task/" + tid + "/ns/net")
		mounts, err2 := os.Readlink("/proc/self/task/" + tid + "/ns/mnt")
		if err == nil && err2 == nil {
			at[tid] = network + " " + mounts
		}
	}
	return at
}

// Do runs inside, and never on the main thread. The thread is back outside before another goroutine gets it.
func TestDo(t *testing.T) {
	world.Clean(t)
	ns := create(t, "x")
	defer remove(t, ns, "x")
	own := current(t)
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			err := ns.Do(t.Context(), func() error {
				if current(t) == own || unix.Gettid() == unix.Getpid() {
					t.Error("outside, or on the main thread")
				}
				return unix.EIO
			})
			if err != unix.EIO {
				t.Errorf("error %v", err)
			}
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			if current(t) != own {
				t.Error("a thread came back from inside")
			}
		})
	}
	all.Wait()
	if err := ns.Do(t.Context(), func() error { runtime.Goexit(); return nil }); err == nil {
		t.Error("a function that did not return is no error")
	}
	if main, err := os.Readlink("/proc/self/ns/net"); err != nil || main != own {
		t.Errorf("the main thread is in %s, %v", main, err)
	}
}

// Start runs a command inside, with its input and output.
func TestStart(t *testing.T) {
	world.Clean(t)
	ns := create(t, "x")
	defer remove(t, ns, "x")
	cmd := exec.CommandContext(t.Context(), "sh", "-c", "readlink /proc/self/ns/net; cat")
	var stdout bytes.Buffer
	cmd.Stdin, cmd.Stdout = strings.NewReader("input"), &stdout
	if err := ns.Start(cmd); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	if want := fmt.Sprintf("net:[%d]\ninput", ns.ID()); stdout.String() != want {
		t.Errorf("got %q, want %q", &stdout, want)
	}
	if err := ns.Start(exec.Command("/run/nope")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no such command: %v", err)
	}
	signalled := exec.Command("true")
	signalled.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := ns.Start(signalled); err == nil || signalled.Process != nil {
		t.Errorf("a death signal: %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(unix.EIO)
	if err := ns.Do(ctx, func() error { t.Error("called"); return nil }); err != unix.EIO {
		t.Errorf("a context that has ended: %v", err)
	}
}

// The thread of the caller's function goes home, or ends if the function has changed the thread.
func TestThreadGoesHome(t *testing.T) {
	world.Clean(t)
	ns, other := create(t, "x"), create(t, "y")
	defer remove(t, ns, "x")
	defer remove(t, other, "y")
	home := threadsAt(t)[fmt.Sprint(os.Getpid())]
	for _, test := range []struct {
		what  string
		stays bool
		f     func()
	}{
		{"returns", true, func() {}},
		{"panics", true, func() { panic(errBoom) }},
		{"panics with nil", true, func() { panic(nil) }},
		{"ends its goroutine", true, runtime.Goexit},
		{"locks and unlocks", true, func() { runtime.LockOSThread(); runtime.UnlockOSThread() }},
		{"locks", false, runtime.LockOSThread},
		{"locks three times", false, func() { runtime.LockOSThread(); runtime.LockOSThread(); runtime.LockOSThread() }},
		{"locks and panics", false, func() { runtime.LockOSThread(); panic(errBoom) }},
		{"locks and ends its goroutine", false, func() { runtime.LockOSThread(); runtime.Goexit() }},
		{"enters another namespace", false, func() { unix.Setns(other.Fd(), unix.CLONE_NEWNET) }},
		{"makes a network namespace", false, func() { unix.Unshare(unix.CLONE_NEWNET) }},
		{"makes a mount namespace", false, func() { unix.Unshare(unix.CLONE_NEWNS) }},
		{"makes a mount namespace and panics", false, func() { unix.Unshare(unix.CLONE_NEWNS); panic(errBoom) }},
	} {
		for way, do := range map[string]func(func() error) error{
			"Do": func(f func() error) error { return ns.Do(t.Context(), f) },
			"Tour": func(f func() error) error {
				return netns.Tour(func(enter func(*netns.Namespace) error) error {
					return errors.Join(enter(other), enter(ns), f())
				})
			},
			"Tour to nowhere": func(f func() error) error {
				return netns.Tour(func(func(*netns.Namespace) error) error { return f() })
			},
		} {
			tid := ""
			func() {
				defer func() { recover() }()
				do(func() error { tid = fmt.Sprint(unix.Gettid()); test.f(); return nil })
			}()
			at, stays := threadsAt(t)[tid]
			for end := time.Now().Add(5 * time.Second); stays != test.stays && time.Now().Before(end); time.Sleep(time.Millisecond) {
				at, stays = threadsAt(t)[tid]
			}
			if stays != test.stays || stays && at != home {
				t.Errorf("%s: a function that %s: its thread is there: %v, in %s", way, test.what, stays, at)
			}
			for tid, at := range threadsAt(t) {
				if at != home {
					t.Errorf("%s: after a function that %s, thread %s is in %s", way, test.what, tid, at)
				}
			}
		}
	}
}

// The caller gets the very value of a panic. If the program ends, it prints the stack on which the panic began.
func TestPanicReachesTheCaller(t *testing.T) {
	world.Clean(t)
	ns := create(t, "x")
	defer remove(t, ns, "x")
	value := &struct{ int }{7}
	recovered := func(f func()) (value any) {
		defer func() { value = recover() }()
		f()
		return nil
	}
	for what, f := range map[string]func(){
		"Do":   func() { ns.Do(t.Context(), func() error { panic(value) }) },
		"Tour": func() { netns.Tour(func(func(*netns.Namespace) error) error { panic(value) }) },
		"enter": func() {
			netns.Tour(func(enter func(*netns.Namespace) error) error { defer panic(value); return enter(nil) })
		},
	} {
		if got := recovered(f); got != value {
			t.Errorf("%s: recovered %v, not the value", what, got)
		}
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), panicVar+"=1")
	out, err := cmd.CombinedOutput()
	for _, want := range []string{"panic: boom", "netns_test.panics("} {
		if err == nil || !strings.Contains(string(out), want) {
			t.Errorf("a program that does not recover: %v, and %q is not in its last words", err, want)
		}
	}
}

// No function ends the threads that have started children with a death signal: the kernel would send the signal then.
func TestDeathSignals(t *testing.T) {
	world.Clean(t)
	ns := create(t, "x")
	defer remove(t, ns, "x")
	listener, err := ns.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	closed := func(c interface{ Close() error }, err error) error {
		if err != nil {
			return err
		}
		return c.Close()
	}
	for what, do := range map[string]func() error{
		"Do":   func() error { return ns.Do(t.Context(), func() error { return nil }) },
		"Tour": func() error { return netns.Tour(func(enter func(*netns.Namespace) error) error { return enter(ns) }) },
		"Netlink": func() error {
			handle, err := ns.Netlink()
			if err == nil {
				handle.Close()
			}
			return err
		},
		"DialContext":  func() error { return closed(ns.DialContext(t.Context(), "tcp", listener.Addr().String())) },
		"Listen":       func() error { return closed(ns.Listen(t.Context(), "tcp", "127.0.0.1:0")) },
		"ListenPacket": func() error { return closed(ns.ListenPacket(t.Context(), "udp", "127.0.0.1:0")) },
		"Verify":       ns.Verify,
		"Start": func() error {
			cmd := exec.Command("true")
			return errors.Join(ns.Start(cmd), cmd.Wait())
		},
		"NSID":    func() error { _, _, err := ns.NSID(); return err },
		"PeerIDs": func() error { _, err := netns.PeerIDs(); return err },
		"Witness": func() error {
			w, err := holders.NewWitness(ns)
			if err == nil {
				w.Close()
			}
			return err
		},
		"Witness.Wait": func() error {
			w, err := holders.NewWitness()
			if err == nil {
				_, err = w.Wait(t.Context())
				w.Close()
			}
			return err
		},
	} {
		children := withDeathSignal(t, 20)
		for range 30 {
			if err := do(); err != nil {
				t.Errorf("%s: %v", what, err)
			}
		}
		time.Sleep(50 * time.Millisecond) // a thread ends a moment after its goroutine
		died := 0
		for _, child := range children {
			if ended(child.Process.Pid) {
				died++
			}
			child.Process.Kill()
			child.Wait()
		}
		if died > 0 {
			t.Errorf("after 30 times %s, %d of %d children have died", what, died, len(children))
		}
	}
}

// ended reports whether a child has ended, before it is waited for.
func ended(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, state, _ := strings.Cut(string(stat), ") ")
	return err != nil || strings.HasPrefix(state, "Z")
}

// withDeathSignal starts n children with a death signal, from several threads.
func withDeathSignal(t *testing.T, n int) (children []*exec.Cmd) {
	t.Helper()
	var mu sync.Mutex
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			cmd := exec.Command("sleep", "60")
			cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
			err := cmd.Start()
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
				return
			}
			children = append(children, cmd)
		})
	}
	all.Wait()
	return children
}

// If the runtime starts threads while a goroutine is inside, they are outside, because it starts them from its template thread.
func TestThreadsMadeInside(t *testing.T) {
	world.Clean(t)
	ns := create(t, "x")
	defer remove(t, ns, "x")
	own, goroutines := current(t), threads(t)+100 // more than the threads that are idle, so some have to be made
	err := ns.Do(t.Context(), func() error {
		var all, locked sync.WaitGroup
		ready := make(chan struct{})
		locked.Add(goroutines)
		for range goroutines {
			all.Go(func() {
				runtime.LockOSThread() // so each has a thread
				defer runtime.UnlockOSThread()
				locked.Done()
				<-ready
				if seen := current(t); seen != own {
					t.Errorf("a goroutine that was started inside is in %s", seen)
				}
			})
		}
		locked.Wait()
		close(ready)
		all.Wait()
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// The root of a user namespace that uses the machine's network can leave that, but not return. So its threads end. It can make a
// raw socket inside only.
func TestRootlessThreadEnds(t *testing.T) {
	world.Clean(t)
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), rootlessVar+"=1")
	mapping := []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 1}}
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWUSER, UidMappings: mapping, GidMappings: mapping}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// rootless makes and uses a namespace that this process's user namespace owns.
func rootless() error {
	made, done := make(chan error), make(chan struct{})
	defer close(done)
	var ns *netns.Namespace
	go func() {
		runtime.LockOSThread() // and no unlock
		err := netns.Unshare(netns.Options{NoVerify: true})
		if err == nil {
			ns, err = netns.OpenPath(fmt.Sprintf("/proc/self/task/%d/ns/net", unix.Gettid()))
		}
		made <- err
		<-done
	}()
	if err := <-made; err != nil {
		return err
	}
	defer ns.Close()
	ctx, tid := context.Background(), 0
	if err := ns.Do(ctx, func() error { tid = unix.Gettid(); return nil }); err != nil {
		return err
	}
	for end := time.Now().Add(5 * time.Second); unix.Tgkill(os.Getpid(), tid, 0) == nil; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			return errors.New("a thread that cannot return is still there")
		}
	}
	raw, err := ns.ListenPacket(ctx, "ip4:icmp", "127.0.0.1")
	if err != nil {
		return err
	}
	raw.Close()
	conn, err := ns.DialContext(ctx, "ip4:icmp", "127.0.0.1")
	if err != nil {
		return err
	}
	return conn.Close()
}
