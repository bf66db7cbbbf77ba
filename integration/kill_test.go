package integration

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	library "github.com/netns-go/netns"
	"github.com/netns-go/netns/internal/world"
)

// visitVar makes this program one that looks into the namespace of that name now and then, whichever has the name.
const visitVar = "NETNS_TEST_VISIT"

func init() {
	name := os.Getenv(visitVar)
	for ; name != ""; time.Sleep(20 * time.Millisecond) {
		if ns, err := library.Open("", name); err == nil {
			ns.Do(context.Background(), func() error { time.Sleep(5 * time.Millisecond); return nil })
			ns.Close()
		}
	}
}

// victim starts a shell script in the namespace x and returns once it has said that it is ready.
func victim(t testing.TB, script string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("ip", "netns", "exec", "x", "sh", "-c", script)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	start(t, cmd, "sh")
	if _, err := fmt.Fscanln(stdout); err != nil && err.Error() != "unexpected newline" {
		t.Fatal(err)
	}
	return cmd
}

// lives fails the test unless a process is still there and the names are these.
func lives(t testing.TB, pid int, names string) {
	t.Helper()
	if link, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/net", pid)); err != nil || !strings.HasPrefix(link, "net:") {
		t.Errorf("process %d was killed: %q, %v", pid, link, err)
	}
	if r := netns(t, "list"); r.stdout != names {
		t.Errorf("want the names %q, got %v", names, r)
	}
}

// ended returns how a process did: "exit status 7", "signal: killed".
func ended(cmd *exec.Cmd) string {
	if err := cmd.Wait(); err != nil {
		return err.Error()
	}
	return "exit status 0"
}

// The signal that was asked for is sent, and only what does not end by it is killed.
func TestDeleteKill(t *testing.T) {
	const trap = `trap 'exit 7' %s; echo; while :; do sleep 0.1; done`
	const stubborn = `trap '' TERM HUP; echo; while :; do sleep 0.01; done`
	for _, test := range []struct{ option, script, want string }{
		{"--kill", fmt.Sprintf(trap, "TERM"), "exit status 7"},
		{"--kill=HUP", fmt.Sprintf(trap, "HUP"), "exit status 7"},
		{"--kill=sigusr1", fmt.Sprintf(trap, "USR1"), "exit status 7"},
		{"--kill=12", fmt.Sprintf(trap, "USR2"), "exit status 7"},
		{"--kill=KILL", fmt.Sprintf(trap, "TERM"), "signal: killed"},
		{"--kill --grace=200ms", stubborn, "signal: killed"},
		{"--kill=HUP --grace=0s", stubborn, "signal: killed"},
		{"--kill", "echo; kill -STOP $$", "signal: terminated"},
	} {
		t.Run(test.option, func(t *testing.T) {
			world.Clean(t)
			netns(t, "create", "-q", "x")
			cmd := victim(t, test.script)
			begin := time.Now()
			option := test.option
			if strings.Contains(test.script, "STOP") {
				option += " --grace=100ms" // a stopped process takes no other signal
				test.want = "signal: killed"
			}
			netns(t, append([]string{"delete", "x", "--wait"}, strings.Fields(option)...)...)
			if got := ended(cmd); got != test.want || time.Since(begin) > 4*time.Second {
				t.Errorf("%s after %v, want %s", got, time.Since(begin), test.want)
			}
		})
	}
}

// What appears while others end is signalled as well, and what forks all the time is killed in the end.
func TestDeleteKillForking(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "-q", "x")
	cmd := victim(t, `trap "setsid sleep 60 & exit 3" TERM; echo; sleep 60 & wait`)
	begin := time.Now()
	netns(t, "delete", "--kill", "--grace=30s", "--wait", "x")
	if got := ended(cmd); got != "exit status 3" || time.Since(begin) > 10*time.Second {
		t.Errorf("%s after %v", got, time.Since(begin))
	}
	netns(t, "create", "-q", "x")
	victim(t, `trap '' TERM; for i in 1 2 3 4; do (while :; do (sleep 0.01; :) & sleep 0.01; done) & done; echo; wait`)
	netns(t, "delete", "--kill", "--grace=100ms", "--wait", "x")
}

// A child that gets the signal before it has executed anything takes it with its parent's handler. What it executes then gets
// the signal, too.
func TestDeleteKillBeforeExec(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "-q", "x")
	victim(t, `perl -e '$SIG{TERM} = sub { $told = 1 }; $| = 1; $child = fork; print "\n" if $child;
		select(undef, undef, undef, 0.05) until $told; exit if $child; select(undef, undef, undef, 0.3); exec "sleep", "60"'; :`)
	begin := time.Now()
	netns(t, "delete", "--kill", "--grace=30s", "--wait", "x")
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
}

// A process that only looks into a namespace now and then is not killed, and the name is gone when it is not inside.
func TestDeleteKillSparesVisitors(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "-q", "x")
	visitor := exec.Command("/proc/self/exe")
	visitor.Env = append(os.Environ(), visitVar+"=x")
	pid := start(t, visitor, "exe")
	for range 3 {
		cmd := victim(t, `trap '' TERM; echo; while :; do sleep 0.05; done`)
		netns(t, "delete", "--kill", "-q", "--grace=1s", "x")
		if got := ended(cmd); got != "signal: killed" {
			t.Error(got)
		}
		netns(t, "create", "-q", "x")
	}
	lives(t, pid, "x\n")
	netns(t, "delete", "-q", "x")
}

// What ends between being listed and being looked at may have left a child, which is too young to be listed.
func TestDeleteKillBetween(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "-q", "x")
	cmd := victim(t, `trap "sleep 0.3; setsid sleep 60 & exit 3" TERM; echo; sleep 60 & wait`)
	begin := time.Now()
	// Between the list of processes and the look at the first one there are two pauses of 0.3 seconds.
	run(t, "strace", "-f", "-o", "/dev/null", "-P", "/proc", "-e", "trace=getdents64", "-e", "inject=getdents64:delay_exit=300000",
		"netns", "delete", "--kill", "--grace=30s", "--wait", "x").want(t, 0)
	if got := ended(cmd); got != "exit status 3" || time.Since(begin) > 20*time.Second {
		t.Errorf("%s after %v", got, time.Since(begin))
	}
}

// What is meant as the signal's name and would be a namespace's is refused, before anything is done.
func TestDeleteKillTakesNoWord(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "-q", "KILL", "x")
	for _, word := range []string{"KILL", "SIGHUP", "term", "9"} {
		run(t, "netns", "delete", "--kill", word, "x").want(t, 2, "--kill "+word+": a signal is given as --kill="+word)
	}
	netns(t, "delete", "KILL", "x", "--kill")
	if help := netns(t, "delete", "--help").stdout; !strings.Contains(help, "--kill[=SIGNAL] ") {
		t.Error(help)
	}
}

// A process is inside if any of its threads is. What is in other namespaces stays.
func TestDeleteKillThread(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "-q", "x", "y")
	defer netns(t, "delete", "--kill", "y")
	other := start(t, exec.Command("ip", "netns", "exec", "y", "sleep", "60"), "sleep")
	_, _, cmd := startThread(t)
	netns(t, "delete", "--kill", "x")
	if got := ended(cmd); got != "signal: terminated" {
		t.Error(got)
	}
	if r := netns(t, "pids", "y"); r.stdout != fmt.Sprintln(other) {
		t.Error(r)
	}
}

// Where the machine or netns itself lives, nothing is killed, and nothing else is done.
func TestDeleteKillRefuses(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "-q", "x", "y")
	defer netns(t, "delete", "--kill", "x", "y")
	sleep := start(t, exec.Command("ip", "netns", "exec", "y", "sleep", "60"), "sleep")
	sh(t, "touch /run/netns/host && mount --bind /proc/1/ns/net /run/netns/host").want(t, 0)
	const refused = "/run/netns/host: it is the network namespace of "
	for _, kill := range []string{"netns delete --kill y host", "ip netns exec x netns delete --kill host", "netns delete --all --kill"} {
		sh(t, kill).want(t, 2, refused)
	}
	sh(t, "ip netns exec x netns delete --kill y x").want(t, 2, "/run/netns/x: it is the network namespace of this ")
	sh(t, "ip netns exec x netns delete --kill host").want(t, 2, "of process 1, and nothing in it is killed")
	if r := netns(t, "list"); r.stdout != "host\nx\ny\n" {
		t.Error(r)
	}
	ns, err := library.Open("", "host")
	if err != nil {
		t.Fatal(err)
	}
	var vital *library.VitalError
	if err := library.Kill(t.Context(), syscall.SIGTERM, 0, ns); !errors.As(err, &vital) {
		t.Errorf("Kill: %v", err)
	}
	ns.Close()

	for _, lacking := range []string{"--reuid=65534 --regid=65534 --clear-groups", "--bounding-set=-sys_ptrace"} {
		sh(t, "setpriv "+lacking+" netns delete --kill y").want(t, 6, "needs CAP_SYS_PTRACE")
	}
	nobody := exec.Command("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "sleep", "60")
	nobody.Args = append([]string{"ip", "netns", "exec", "y"}, nobody.Args...)
	nobody.Path, _ = exec.LookPath("ip")
	start(t, nobody, "sleep")
	sh(t, "setpriv --bounding-set=-kill netns delete --kill y").want(t, 6, "needs CAP_KILL")
	for _, kill := range []string{"--kill=nope", "--kill=0", "--kill=65", "--kill=", "--kill=-1", "--grace=1s", "--timeout=1s",
		"--kill --grace=-1s", "--kill --grace=5", "--wait --timeout=-1s"} {
		sh(t, "netns delete y "+kill).want(t, 2)
	}
	if _, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/net", sleep)); err != nil {
		t.Errorf("the process was killed: %v", err)
	}
	if r := netns(t, "pids", "y"); strings.Count(r.stdout, "\n") != 2 {
		t.Error(r)
	}
	r := run(t, "netns", "delete", "host").want(t, 0, "warning: host: the name is gone, but the namespace lives on: process 1 (")
	if strings.Contains(r.stderr, "thread") { // process 1 has many
		t.Error(r)
	}
}
