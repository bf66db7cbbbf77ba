// Package world gives tests a machine of their own to make namespaces on: a mount namespace with a fresh /run and a
// writable /etc that is the machine's no more, a network namespace, since that is where ids of others are kept, and a PID
// namespace, so that nothing they leave outlives them.
//
// It is for TestMain, and for a program that measures instead of testing.
package world

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// How /run is in this process, or "" outside of a world.
const propagationVar = "NETNS_TEST_RUN"

// initVar marks the first process of a world.
const initVar = "NETNS_TEST_INIT"

// Scratch is a tmpfs of the world's own.
const Scratch = "/srv"

// Main runs a package's tests twice, with /run private and then shared; with -test.short the first alone. As an ordinary
// user it runs them where they are; those that call [Need] are skipped then. It returns the exit code.
func Main(m *testing.M) int {
	flag.Parse()
	switch {
	case os.Getenv(initVar) != "":
		return beInit()
	case Inside(), flag.Lookup("test.fuzz").Value.String() != "":
		return m.Run()
	case os.Geteuid() != 0:
		if run := flag.Lookup("test.run").Value; run.String() == "" {
			run.Set("^(Test|Fuzz)") // an example cannot skip itself
		}
		return m.Run()
	}
	return both()
}

// both runs the tests in both worlds at once, since they wait much of the time, or benchmarks in one after the other. What the
// second world prints follows what the first prints. With -test.short there is only the first.
func both() (code int) {
	var shared bytes.Buffer
	sharedCode := make(chan int, 1)
	second := func() { sharedCode <- runIn("shared", &shared) }
	if testing.Short() {
		second = func() { sharedCode <- 0 }
	}
	if flag.Lookup("test.bench").Value.String() == "" {
		go second()
		code = runIn("private", os.Stdout)
	} else {
		code = runIn("private", os.Stdout)
		second()
	}
	code = max(code, <-sharedCode)
	os.Stdout.Write(shared.Bytes())
	return code
}

// runIn runs the tests in a world of their own, and prints what they print.
func runIn(propagation string, out io.Writer) int {
	if testing.Verbose() {
		fmt.Fprintf(out, "with /run %s:\n", propagation)
	}
	if err := enter(propagation, out); err != nil {
		fmt.Fprintf(out, "with /run %s: %v\n", propagation, err)
		return 1
	}
	return 0
}

// Program runs a program's main function in a world, with /run private, and returns the exit code. It needs root.
func Program(main func() int) int {
	switch {
	case os.Getenv(initVar) != "":
		return beInit()
	case Inside():
		return main()
	}
	if err := enter("private", os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "world:", err)
		return 1
	}
	return 0
}

// Inside says whether this process is in a world that is complete.
func Inside() bool { return os.Getenv(propagationVar) != "" && os.Getenv(initVar) == "" }

// Shared says whether the world's /run is a shared mount.
func Shared() bool { return os.Getenv(propagationVar) == "shared" }

// Need skips a test outside of a world, which takes root to make. In CI that is a failure.
func Need(t testing.TB) {
	t.Helper()
	switch {
	case Inside():
	case os.Getenv("CI") != "":
		t.Fatal("needs root")
	default:
		t.Skip("needs root")
	}
}

// enter starts this program again as the first process of a world, and waits for it.
func enter(propagation string, out io.Writer) error {
	runtime.LockOSThread() // the world ends with the thread that started it, should this process be killed
	// What else whoever started this has left open is no affair of the tests'.
	_ = unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC)
	var args []string
	for _, arg := range os.Args[1:] {
		if !strings.HasPrefix(arg, "-test.testlogfile") { // go test's, who reads one from the process that it started
			args = append(args, arg)
		}
	}
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Args[0] = os.Args[0]
	cmd.Stdout, cmd.Stderr = out, os.Stderr
	if out != os.Stdout {
		cmd.Stderr = out
	}
	cmd.Env = append(os.Environ(), propagationVar+"="+propagation, initVar+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL,
	}
	return cmd.Run()
}

// beInit sets the world up, runs the tests in a second process, and buries what loses its parent meanwhile.
func beInit() int {
	os.Unsetenv(initVar)
	if err := furnish(); err != nil {
		fmt.Println("world:", err)
		return 1
	}
	pid, err := syscall.ForkExec("/proc/self/exe", os.Args,
		&syscall.ProcAttr{Env: os.Environ(), Files: []uintptr{0, 1, 2}})
	if err != nil {
		fmt.Println("world:", err)
		return 1
	}
	for {
		var status syscall.WaitStatus
		dead, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			fmt.Println("world: wait:", err)
			return 1
		case dead == pid && status.Signaled():
			return 128 + int(status.Signal())
		case dead == pid:
			return status.ExitStatus()
		}
	}
}

func furnish() error {
	var run uintptr = unix.MS_PRIVATE
	if Shared() {
		run = unix.MS_SHARED
	}
	if err := unix.Mount("", "/", "", unix.MS_PRIVATE|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("make / private: %w", err)
	}
	if err := unmountAll("/run"); err != nil {
		return err
	}
	for _, m := range []struct {
		source, target, fstype string
		flags                  uintptr
		data                   string
	}{
		{"proc", "/proc", "proc", 0, ""},
		{"sysfs", "/sys", "sysfs", 0, ""},
		{"tmpfs", "/run", "tmpfs", 0, "mode=755"},
		{"", "/run", "", run, ""},
		{"tmpfs", Scratch, "tmpfs", 0, ""},
	} {
		if err := unix.Mount(m.source, m.target, m.fstype, m.flags, m.data); err != nil {
			return fmt.Errorf("mount %s: %w", m.target, err)
		}
	}
	for _, dir := range []string{Scratch + "/etc", Scratch + "/work"} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			return err
		}
	}
	overlay := fmt.Sprintf("lowerdir=/etc,upperdir=%s/etc,workdir=%s/work", Scratch, Scratch)
	if err := unix.Mount("overlay", "/etc", "overlay", 0, overlay); err != nil {
		return fmt.Errorf("mount /etc: %w", err)
	}
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return fmt.Errorf("find lo: %w", err)
	}
	if err := netlink.LinkSetUp(lo); err != nil {
		return fmt.Errorf("set lo up: %w", err)
	}
	return nil
}

// unmountAll unmounts a directory and all below it. The machine's run directory, for one, would be in mountinfo also where the
// world's /run covers it.
func unmountAll(dir string) error {
	points, err := mountPoints()
	if err != nil {
		return err
	}
	for _, point := range slices.Backward(points) { // what covers comes after what it covers
		if point != dir && !strings.HasPrefix(point, dir+"/") {
			continue
		}
		// One that is covered goes with what covers it, or after it.
		if err := unix.Unmount(point, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW); err != nil && err != unix.EINVAL && err != unix.ENOENT {
			return fmt.Errorf("unmount %s: %w", point, err)
		}
	}
	return nil
}
