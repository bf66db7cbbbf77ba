package library

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/integration/teststage"
	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

// crowdVar makes this program run a crowd, with that number of operations. The first goroutine of the crowd is the main one, on the main
// thread.
const crowdVar = "NETNS_TEST_CROWD"

func init() {
	if operations, err := strconv.Atoi(os.Getenv(crowdVar)); err == nil {
		runtime.LockOSThread()
		if err := newCrowd().run(int64(operations)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
}

// During thousands of Creates, Dos and commands, only the threads of a Do are in another namespace than the process. Every goroutine is
// outside, every callback and command inside, and neither a descriptor nor a thread stays.
func TestNoThreadLeavesItsNamespace(t *testing.T) {
	world.Clean(t)
	operations := 10_000
	if testing.Short() || raceEnabled {
		operations = 2_000
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), fmt.Sprint(crowdVar, "=", operations))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}

// goroutines is the number of goroutines in a crowd.
const goroutines = 100

// A crowd is a hundred goroutines that use namespaces, and one goroutine that watches the threads.
type crowd struct {
	own        string   // the process's namespace, as /proc shows it
	inside     sync.Map // the threads in a callback of Do
	namespaces []*netns.Namespace
	factory    *netns.Factory

	next, last atomic.Int64
	looks      atomic.Int64

	mu     sync.Mutex
	failed []error
}

func newCrowd() *crowd { return &crowd{own: threadNamespace()} }

// threadNamespace returns the namespace of the calling goroutine's thread. It need not be locked: /proc/thread-self is
// resolved in one system call.
func threadNamespace() string {
	seen, err := os.Readlink("/proc/thread-self/ns/net")
	if err != nil {
		return err.Error()
	}
	return seen
}

func (c *crowd) fail(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.failed) < 20 {
		c.failed = append(c.failed, fmt.Errorf(format, args...))
	}
}

func (c *crowd) run(operations int64) (err error) {
	ctx := context.Background()
	if c.factory, err = netns.NewFactory(ctx, netns.Options{}, 2); err != nil {
		return err
	}
	for range 10 {
		ns, err := netns.New(ctx, netns.RandomName("crowd-"), netns.Options{})
		if err != nil {
			return err
		}
		c.namespaces = append(c.namespaces, ns)
	}
	done := make(chan struct{})
	var watcher sync.WaitGroup
	watcher.Go(func() { c.watch(done) })
	c.work(operations / 10) // until the runtime has started all threads that it keeps
	before := openAndRunning()
	c.work(operations)
	after := openAndRunning()
	close(done)
	watcher.Wait()
	for _, ns := range c.namespaces {
		err = errors.Join(err, ns.Delete(ctx), ns.Close())
	}
	c.factory.Close()
	fmt.Printf("%d looks at a thread; descriptors %d to %d, threads %d to %d\n", c.looks.Load(), before[0], after[0], before[1], after[1])
	// The runtime keeps as many threads as were ever needed at once, by chance up to one for each goroutine. A leak would have thousands.
	if after[0] > before[0] || after[1] > before[1]+goroutines {
		c.fail("descriptors or threads have grown")
	}
	if c.looks.Load() < operations {
		c.fail("only %d looks at a thread", c.looks.Load())
	}
	return errors.Join(append(c.failed, err)...)
}

// openAndRunning returns the numbers of the process's descriptors and threads, the least of several looks, because the watching goroutine
// has a directory open at times.
func openAndRunning() (least [2]int) {
	for look := range 50 {
		for i, dir := range []string{"/proc/self/fd", "/proc/self/task"} {
			if entries, _ := os.ReadDir(dir); look == 0 || len(entries) < least[i] {
				least[i] = len(entries)
			}
		}
		time.Sleep(2 * time.Millisecond)
	}
	return least
}

// work does this number of operations by a hundred goroutines, one of which is the caller's.
func (c *crowd) work(operations int64) {
	c.last.Add(operations)
	one := func() {
		for i := c.next.Add(1); i <= c.last.Load(); i = c.next.Add(1) {
			if err := c.operate(i); err != nil {
				c.fail("operation %d: %w", i, err)
			}
			if seen := threadNamespace(); seen != c.own {
				c.fail("after operation %d the goroutine is in %s", i, seen)
			}
		}
		c.next.Add(-1)
	}
	var others sync.WaitGroup
	for range goroutines - 1 {
		others.Go(one)
	}
	one()
	others.Wait()
}

func (c *crowd) operate(i int64) error {
	ctx := context.Background()
	ns := c.namespaces[i%int64(len(c.namespaces))]
	switch i % 20 {
	case 0, 1:
		made, err := netns.New(ctx, netns.RandomName("made-"), netns.Options{Addresses: []string{"10.1.2.3/32"}})
		if err != nil {
			return err
		}
		return errors.Join(made.Delete(ctx), made.Close())
	case 2:
		name := fmt.Sprint("fails-", i)
		err := netns.Create(ctx, []string{name}, netns.Options{Steps: []netns.Step{teststage.Step("fail")}})
		if !errors.Is(err, unix.EIO) {
			return fmt.Errorf("want a failure, got %w", err)
		}
		return nil
	case 3, 4, 5, 6:
		name := fmt.Sprint("warm-", i)
		if err := c.factory.Create(ctx, name); err != nil {
			return err
		}
		return netns.Delete(ctx, name, netns.DeleteOptions{MustExist: true})
	case 7, 8, 9, 10, 11, 12:
		cmd := exec.Command("readlink", "/proc/self/ns/net")
		out, _ := cmd.StdoutPipe()
		if err := ns.Start(cmd); err != nil {
			return err
		}
		seen := make([]byte, 64)
		n, _ := out.Read(seen)
		if want := fmt.Sprintf("net:[%d]\n", ns.ID()); string(seen[:n]) != want {
			return fmt.Errorf("the command is in %q, not %q", seen[:n], want)
		}
		return cmd.Wait()
	}
	return ns.Do(ctx, func() error {
		c.inside.Store(unix.Gettid(), true)
		defer c.inside.Delete(unix.Gettid())
		runtime.Gosched()
		if seen, want := threadNamespace(), fmt.Sprintf("net:[%d]", ns.ID()); seen != want {
			return fmt.Errorf("inside, the goroutine is in %s, not %s", seen, want)
		}
		outside := make(chan string)
		go func() { outside <- threadNamespace() }()
		if seen := <-outside; seen != c.own {
			return fmt.Errorf("a goroutine that was started inside is in %s", seen)
		}
		return nil
	})
}

// watch looks at all threads again and again.
func (c *crowd) watch(done chan struct{}) {
	for {
		select {
		case <-done:
			return
		default:
		}
		tasks, err := os.ReadDir("/proc/self/task")
		if err != nil {
			c.fail("%w", err)
		}
		for _, task := range tasks {
			c.looks.Add(1)
			tid, _ := strconv.Atoi(task.Name())
			if seen, outside := c.look(tid); outside {
				c.fail("thread %d of process %d is in %s", tid, os.Getpid(), seen)
			}
		}
		time.Sleep(time.Millisecond) // otherwise it would take half of the machine
	}
}

// look reports whether a thread stays in another namespace than the process, although it is neither in a callback of Do nor on its way
// into or out of one. The main thread must never be in another namespace.
func (c *crowd) look(tid int) (seen string, outside bool) {
	for range 1000 {
		var err error
		seen, err = os.Readlink(fmt.Sprintf("/proc/self/task/%d/ns/net", tid))
		_, inside := c.inside.Load(tid)
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) || seen == c.own || inside {
			return seen, false
		}
		if tid == os.Getpid() {
			break
		}
		time.Sleep(time.Millisecond)
	}
	return seen, true
}
