package world

import (
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// enter starts this program again as the first process of a world, and waits for it.
func enter(propagation string, out io.Writer) error {
	runtime.LockOSThread() // if this process is killed, the world ends with the thread that started it
	// Descriptors that the caller of this process left open do not concern the tests.
	_ = unix.CloseRange(3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC)
	var args []string
	for _, arg := range os.Args[1:] {
		if !strings.HasPrefix(arg, "-test.testlogfile") { // go test reads this file from the process that it started
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

// beInit sets up the world, runs the tests in a second process, and reaps the processes that lose their parent.
func beInit() int {
	os.Unsetenv(initVar)
	if err := furnish(); err != nil {
		fmt.Println("world:", err)
		return 1
	}
	// Tests would inherit signals that nohup, say, has ignored. After an exec, a caught signal has its default action.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGINT, syscall.SIGQUIT, syscall.SIGHUP, syscall.SIGTERM)
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

// furnish mounts the world's own file systems and sets lo up.
func furnish() error {
	var run uintptr = unix.MS_PRIVATE
	if Shared() {
		run = unix.MS_SHARED
	}
	if err := unix.Mount("", "/", "", unix.MS_PRIVATE|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("make / private: %w", err)
	}
	if err := UnmountAll("/run"); err != nil {
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

// UnmountAll unmounts a directory and everything below it. Without it, mountinfo would show the machine's run directory even
// though the world's /run covers it.
func UnmountAll(dir string) error {
	points, err := mountPoints()
	if err != nil {
		return err
	}
	for _, point := range slices.Backward(points) { // a covering mount comes after the covered one
		if point != dir && !strings.HasPrefix(point, dir+"/") {
			continue
		}
		// A covered mount goes with the mount that covers it, or after it.
		if err := unix.Unmount(point, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW); err != nil && err != unix.EINVAL && err != unix.ENOENT {
			return fmt.Errorf("unmount %s: %w", point, err)
		}
	}
	return nil
}
