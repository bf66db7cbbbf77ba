//go:build linux

package holders_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/holders"
	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) { os.Exit(world.Main(m)) }

func create(t testing.TB, name string) *netns.Namespace {
	t.Helper()
	ns, err := netns.New(t.Context(), name, netns.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return ns
}

func remove(t testing.TB, ns *netns.Namespace) {
	t.Helper()
	if err := errors.Join(ns.Delete(context.Background()), ns.Close()); err != nil {
		t.Error(err)
	}
}

// The kernel may have given the number of a closed namespace to another one.
func TestClosed(t *testing.T) {
	world.Clean(t)
	ns := create(t, "x")
	remove(t, ns)
	_, witness := holders.NewWitness(ns)
	for what, err := range map[string]error{
		"Kill":      holders.Kill(t.Context(), holders.KillOptions{Signal: unix.SIGKILL}, ns),
		"CheckKill": holders.CheckKill(ns), "CheckSight": holders.CheckSight(ns), "NewWitness": witness,
	} {
		if !errors.Is(err, os.ErrClosed) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// start starts a command inside a namespace, and ends it after the test.
func start(t *testing.T, ns *netns.Namespace, name string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(name, args...)
	if err := ns.Start(cmd); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	return cmd
}

// Of finds every kind of holder, for the namespace that it holds only.
func TestOf(t *testing.T) {
	world.Clean(t)
	ns, other := create(t, "x"), create(t, "other")
	defer remove(t, other)
	defer remove(t, ns)
	process := start(t, ns, "sleep", "60")
	elsewhere := start(t, other, "sleep", "60")
	ready, done := make(chan int), make(chan struct{})
	go ns.Do(t.Context(), func() error { ready <- unix.Gettid(); <-done; return nil })
	defer close(done)
	thread := <-ready
	socket, err := other.ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	found, err := holders.Of(t.Context(), ns, other)
	if err != nil || len(found) != 2 {
		t.Fatalf("%v, %v", found, err)
	}
	own := os.Getpid()
	for i, want := range [][]holders.Holder{{
		{Kind: holders.Process, PID: process.Process.Pid}, {Kind: holders.Thread, PID: own, TID: thread},
		{Kind: holders.Mount, Path: "/run/netns/x"},
	}, {
		{Kind: holders.Process, PID: elsewhere.Process.Pid}, {Kind: holders.Socket, PID: own},
		{Kind: holders.Mount, Path: "/run/netns/other"},
	}} {
		for _, h := range found[i] {
			h.Command = ""
			if h.Kind == holders.Socket {
				h.FD = 0
			}
			if len(want) == 0 || h != want[0] {
				t.Errorf("found %+v, want %+v", found[i], want)
				break
			}
			want = want[1:]
		}
		if len(want) > 0 {
			t.Errorf("not found: %+v", want)
		}
	}
	inside, err := holders.Processes(t.Context(), other, ns)
	if err != nil || len(inside) != 2 || len(inside[0]) != 1 || len(inside[1]) != 1 || inside[1][0].PID != process.Process.Pid {
		t.Errorf("Processes: %+v, %v", inside, err)
	}
	users, err := holders.InUse(t.Context())
	if err != nil || !slices.Equal(users[ns.ID()], []int{process.Process.Pid}) {
		t.Errorf("InUse: %v, %v", users[ns.ID()], err)
	}
}

// Kill ends the processes in a namespace, with SIGKILL if they ignore the signal. It ends nothing in the caller's namespace.
func TestKill(t *testing.T) {
	world.Clean(t)
	ns := create(t, "x")
	defer remove(t, ns)
	heeds := start(t, ns, "sleep", "60")
	ignores := start(t, ns, "sh", "-c", "trap '' TERM; sleep 60 & wait; while :; do sleep 1; done")
	time.Sleep(100 * time.Millisecond) // until the trap is set
	if err := holders.Kill(t.Context(), holders.KillOptions{Grace: 200 * time.Millisecond}, ns); err != nil {
		t.Fatal(err)
	}
	for cmd, want := range map[*exec.Cmd]syscall.Signal{heeds: syscall.SIGTERM, ignores: syscall.SIGKILL} {
		cmd.Wait()
		if status := cmd.ProcessState.Sys().(syscall.WaitStatus); status.Signal() != want {
			t.Errorf("%v ended by %v, want %v", cmd.Args, status.Signal(), want)
		}
	}
	hangs := start(t, ns, "sleep", "60")
	if err := holders.Kill(t.Context(), holders.KillOptions{Signal: syscall.SIGINT, Grace: time.Minute}, ns); err != nil {
		t.Error(err)
	}
	hangs.Wait()
	if status := hangs.ProcessState.Sys().(syscall.WaitStatus); status.Signal() != syscall.SIGINT {
		t.Errorf("ended by %v", status.Signal())
	}
	own, err := netns.OpenPID(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	defer own.Close()
	var vital *holders.VitalError
	for what, err := range map[string]error{
		"Kill": holders.Kill(t.Context(), holders.KillOptions{}, ns, own), "CheckKill": holders.CheckKill(ns, own),
	} {
		if !errors.As(err, &vital) || vital.Path != own.Path() {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// Without arguments, Wait waits for all watched namespaces.
func TestWitnessWaitsForAll(t *testing.T) {
	world.Clean(t)
	ns := create(t, "x")
	w, err := holders.NewWitness(ns)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if left, err := w.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) || len(left) != 1 || left[0] != ns {
		t.Errorf("it lives: %v, %v", left, err)
	}
	remove(t, ns)
	if left, err := w.Wait(t.Context()); err != nil || len(left) > 0 {
		t.Errorf("it has ended: %v, %v", left, err)
	}
}

func BenchmarkOf(b *testing.B) {
	world.Need(b)
	ns := create(b, "x")
	b.Cleanup(func() { remove(b, ns) })
	for b.Loop() {
		if _, err := holders.Of(b.Context(), ns); err != nil {
			b.Fatal(err)
		}
	}
}
