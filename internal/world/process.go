package world

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Variables of the environment that give a process of this program another role than running tests.
const (
	threadVar = "NETNS_TEST_THREAD" // a thread in the namespace with this name
	filterVar = "NETNS_TEST_FILTER" // a command under this seccomp filter
)

// playRole plays the role that the environment gives to this process. It returns only if the environment names no role.
func playRole() {
	if name := os.Getenv(threadVar); name != "" {
		runtime.LockOSThread()
		go haveThreadIn(name)
		select {}
	}
	if filter := os.Getenv(filterVar); filter != "" {
		fmt.Println(becomeFiltered(filter, os.Args[1:]))
		os.Exit(1)
	}
}

// Start starts a command that ends with the test. It returns once the process has become the named one.
func Start(t testing.TB, cmd *exec.Cmd, name string) (pid int) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	Until(t, func() bool {
		comm, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", cmd.Process.Pid))
		return string(comm) == name+"\n"
	})
	return cmd.Process.Pid
}

// StartThread starts a process with one thread in the namespace of that name. The main thread stays outside.
func StartThread(t testing.TB, name string) (pid, tid int, cmd *exec.Cmd) {
	t.Helper()
	cmd = exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), threadVar+"="+name)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	pid = Start(t, cmd, "exe")
	if _, err := fmt.Fscan(stdout, &tid); err != nil {
		t.Fatal(err)
	}
	return pid, tid, cmd
}

// haveThreadIn moves the calling goroutine's thread into a namespace and prints the thread's number.
func haveThreadIn(name string) {
	runtime.LockOSThread()
	if unix.Gettid() == unix.Getpid() { // keep the main thread locked here, so that another one runs the next goroutine
		go haveThreadIn(name)
		select {}
	}
	fd, err := unix.Open("/run/netns/"+name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err == nil {
		err = unix.Setns(fd, unix.CLONE_NEWNET)
		unix.Close(fd)
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(unix.Gettid())
	time.Sleep(time.Hour) // a program in which all goroutines block would end with a deadlock
}
