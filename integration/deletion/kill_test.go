package deletion

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/holders"
	"github.com/netns-go/netns/internal/world"
)

// visitVar makes this program visit the namespace of that name now and then.
const visitVar = "NETNS_TEST_VISIT"

func init() {
	name := os.Getenv(visitVar)
	for ; name != ""; time.Sleep(20 * time.Millisecond) {
		if ns, err := netns.Open(name); err == nil {
			ns.Do(context.Background(), func() error { time.Sleep(5 * time.Millisecond); return nil })
			ns.Close()
		}
	}
}

// victim starts a shell script in the namespace x, and returns after the script has printed a line.
func victim(t testing.TB, script string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("ip", "netns", "exec", "x", "sh", "-c", script)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	world.Start(t, cmd, "sh")
	if _, err := fmt.Fscanln(stdout); err != nil && err.Error() != "unexpected newline" {
		t.Fatal(err)
	}
	return cmd
}

// lives fails the test unless a process lives and list shows these names.
func lives(t testing.TB, pid int, names string) {
	t.Helper()
	if link, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/net", pid)); err != nil || !strings.HasPrefix(link, "net:") {
		t.Errorf("process %d was killed: %q, %v", pid, link, err)
	}
	if r := world.Netns(t, "list"); r.Stdout != names {
		t.Errorf("want the names %q, got %v", names, r)
	}
}

// ended waits for a process and returns how it ended: "exit status 7", "signal: killed".
func ended(cmd *exec.Cmd) string {
	if err := cmd.Wait(); err != nil {
		return err.Error()
	}
	return "exit status 0"
}

// delete sends the given signal, and kills only the processes that do not end by it.
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
			world.Netns(t, "create", "-q", "x")
			cmd := victim(t, test.script)
			begin := time.Now()
			option := test.option
			if strings.Contains(test.script, "STOP") {
				option += " --grace=100ms" // a stopped process receives no other signal
				test.want = "signal: killed"
			}
			world.Netns(t, append([]string{"delete", "x", "--wait"}, strings.Fields(option)...)...)
			if got := ended(cmd); got != test.want || time.Since(begin) > 4*time.Second {
				t.Errorf("%s after %v, want %s", got, time.Since(begin), test.want)
			}
		})
	}
}

// delete also signals processes that appear meanwhile, and finally kills those that always fork.
func TestDeleteKillForking(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "-q", "x")
	cmd := victim(t, `trap "setsid sleep 60 & exit 3" TERM; echo; sleep 60 & wait`)
	begin := time.Now()
	world.Netns(t, "delete", "--kill", "--grace=30s", "--wait", "x")
	if got := ended(cmd); got != "exit status 3" || time.Since(begin) > 10*time.Second {
		t.Errorf("%s after %v", got, time.Since(begin))
	}
	world.Netns(t, "create", "-q", "x")
	victim(t, `trap '' TERM; for i in 1 2 3 4; do (while :; do (sleep 0.01; :) & sleep 0.01; done) & done; echo; wait`)
	world.Netns(t, "delete", "--kill", "--grace=100ms", "--wait", "x")
}

// A child that gets the signal before execve handles it with its parent's handler. delete signals the program that the child then
// becomes, too.
func TestDeleteKillBeforeExec(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "-q", "x")
	victim(t, `perl -e '$SIG{TERM} = sub { $told = 1 }; $| = 1; $child = fork; print "\n" if $child;
		select(undef, undef, undef, 0.05) until $told; exit if $child; select(undef, undef, undef, 0.3); exec "sleep", "60"'; :`)
	begin := time.Now()
	world.Netns(t, "delete", "--kill", "--grace=30s", "--wait", "x")
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
}

// delete does not kill a process that only visits the namespace, and removes the name.
func TestDeleteKillSparesVisitors(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "-q", "x")
	visitor := exec.Command("/proc/self/exe")
	visitor.Env = append(os.Environ(), visitVar+"=x")
	pid := world.Start(t, visitor, "exe")
	for range 3 {
		cmd := victim(t, `trap '' TERM; echo; while :; do sleep 0.05; done`)
		world.Netns(t, "delete", "--kill", "-q", "--grace=1s", "x")
		if got := ended(cmd); got != "signal: killed" {
			t.Error(got)
		}
		world.Netns(t, "create", "-q", "x")
	}
	lives(t, pid, "x\n")
	world.Netns(t, "delete", "-q", "x")
}

// A process that ends after delete has listed it may leave a child that is too young for the list.
func TestDeleteKillBetween(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "-q", "x")
	cmd := victim(t, `trap "sleep 0.3; setsid sleep 60 & exit 3" TERM; echo; sleep 60 & wait`)
	begin := time.Now()
	// Two pauses of 0.3 seconds separate the list of processes from the look at the first one.
	world.Run(t, "strace", "-f", "-o", "/dev/null", "-P", "/proc", "-e", "trace=getdents64", "-e", "inject=getdents64:delay_exit=300000",
		"netns", "delete", "--kill", "--grace=30s", "--wait", "x").Want(t, 0)
	if got := ended(cmd); got != "exit status 3" || time.Since(begin) > 20*time.Second {
		t.Errorf("%s after %v", got, time.Since(begin))
	}
}

// delete refuses a signal in the place of a namespace's name, before it does anything.
func TestDeleteKillTakesNoWord(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "-q", "KILL", "x")
	for _, word := range []string{"KILL", "SIGHUP", "term", "9"} {
		world.Run(t, "netns", "delete", "--kill", word, "x").Want(t, 2, "--kill "+word+": a signal is given as --kill="+word)
	}
	world.Netns(t, "delete", "KILL", "x", "--kill")
	if help := world.Netns(t, "delete", "--help").Stdout; !strings.Contains(help, "--kill[=SIGNAL] ") {
		t.Error(help)
	}
}

// A process is inside if any of its threads is. Processes in other namespaces stay.
func TestDeleteKillThread(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "-q", "x", "y")
	defer world.Netns(t, "delete", "--kill", "y")
	other := world.Start(t, exec.Command("ip", "netns", "exec", "y", "sleep", "60"), "sleep")
	_, _, cmd := world.StartThread(t, "x")
	world.Netns(t, "delete", "--kill", "x")
	if got := ended(cmd); got != "signal: terminated" {
		t.Error(got)
	}
	if r := world.Netns(t, "pids", "y"); r.Stdout != fmt.Sprintln(other) {
		t.Error(r)
	}
}

// delete --kill does nothing if one of the namespaces is that of the machine or of netns itself.
func TestDeleteKillRefuses(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "-q", "x", "y")
	defer world.Netns(t, "delete", "--kill", "x", "y")
	sleep := world.Start(t, exec.Command("ip", "netns", "exec", "y", "sleep", "60"), "sleep")
	world.Sh(t, "touch /run/netns/host && mount --bind /proc/1/ns/net /run/netns/host").Want(t, 0)
	const refused = "/run/netns/host: it is the network namespace of "
	for _, kill := range []string{"netns delete --kill y host", "ip netns exec x netns delete --kill host", "netns delete --all --kill"} {
		world.Sh(t, kill).Want(t, 2, refused)
	}
	world.Sh(t, "ip netns exec x netns delete --kill y x").Want(t, 2, "/run/netns/x: it is the network namespace of this ")
	world.Sh(t, "ip netns exec x netns delete --kill host").Want(t, 2, "of process 1, and nothing in it is killed")
	if r := world.Netns(t, "list"); r.Stdout != "host\nx\ny\n" {
		t.Error(r)
	}
	ns, err := netns.Open("host")
	if err != nil {
		t.Fatal(err)
	}
	var vital *holders.VitalError
	if err := holders.Kill(t.Context(), holders.KillOptions{}, ns); !errors.As(err, &vital) {
		t.Errorf("Kill: %v", err)
	}
	ns.Close()

	for _, lacking := range []string{world.Nobody, "setpriv --bounding-set=-sys_ptrace "} {
		world.Sh(t, lacking+"netns delete --kill y").Want(t, 6, "needs CAP_SYS_PTRACE")
	}
	nobody := append([]string{"ip", "netns", "exec", "y"}, world.AsNobody("sleep", "60")...)
	world.Start(t, exec.Command(nobody[0], nobody[1:]...), "sleep")
	world.Sh(t, "setpriv --bounding-set=-kill netns delete --kill y").Want(t, 6, "needs CAP_KILL")
	for _, kill := range []string{"--kill=nope", "--kill=0", "--kill=65", "--kill=", "--kill=-1", "--grace=1s", "--timeout=1s",
		"--kill --grace=-1s", "--kill --grace=5", "--wait --timeout=-1s"} {
		world.Sh(t, "netns delete y "+kill).Want(t, 2)
	}
	if _, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/net", sleep)); err != nil {
		t.Errorf("the process was killed: %v", err)
	}
	if r := world.Netns(t, "pids", "y"); strings.Count(r.Stdout, "\n") != 2 {
		t.Error(r)
	}
	r := world.Run(t, "netns", "delete", "host").Want(t, 0, "warning: host: the name is gone, but the namespace lives on: process 1 (")
	if strings.Contains(r.Stderr, "thread") { // process 1 has many threads
		t.Error(r)
	}
}
