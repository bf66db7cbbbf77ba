package integration

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

// inPath makes netns in PATH the command under test, and netns in the shells' functions nothing else.
func inPath(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	if err := os.Symlink(os.Getenv(binaryVar), dir+"/netns"); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	t.Setenv("HOME", t.TempDir()) // shells write there
	t.Setenv("TERM", "dumb")
}

// toComplete makes the names that the tests complete.
func toComplete(t *testing.T) {
	t.Helper()
	world.Clean(t)
	inPath(t)
	names := []string{"demo", "a b", "it's", `x"$y\z`, "c:d"}
	netns(t, append([]string{"create"}, names...)...)
	t.Cleanup(func() {
		netns(t, append([]string{"delete"}, names...)...)
		os.RemoveAll("/run/other")
		os.Remove("/run/netns/con\ntrol")
	})
	os.MkdirAll("/run/other", 0o755)
	for _, path := range []string{"/run/other/one", "/run/netns/con\ntrol"} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// tabs are lines that end where Tab is pressed, and the arguments that netns has then, in every shell.
var tabs = map[string][]string{
	"netns dele":                          {"delete"},
	"netns -v dele":                       {"-v", "delete"},
	"netns create --if":                   {"create", "--if-not-exists"},
	"netns create --loop":                 {"create", "--loopback=false"},
	"netns delete --verb":                 {"delete", "--verbose"},
	"netns list -o js":                    {"list", "-o", "json"},
	"netns list --output=js":              {"list", "--output=json"},
	"netns completion fi":                 {"completion", "fish"},
	"netns exec dem":                      {"exec", "demo"},
	"netns exec a":                        {"exec", "a b"},
	"netns delete demo a":                 {"delete", "demo", "a b"},
	`netns exec a\ `:                      {"exec", "a b"},
	"netns exec 'a ":                      {"exec", "a b"},
	`netns exec "a`:                       {"exec", "a b"},
	"netns exec it":                       {"exec", "it's"},
	"netns exec 'it":                      {"exec", "it's"},
	`netns exec "it`:                      {"exec", "it's"},
	"netns exec x":                        {"exec", `x"$y\z`},
	`netns exec "x`:                       {"exec", `x"$y\z`},
	"netns exec c":                        {"exec", "c:d"},
	"netns exec c:":                       {"exec", "c:d"},
	"netns create dem":                    {"create", "dem"},
	"netns delete nope":                   {"delete", "nope"},
	"netns nope dem":                      {"nope", "dem"},
	"netns --dir /run/other delete on":    {"--dir", "/run/other", "delete", "one"},
	"netns delete --dir=/run/other -- on": {"delete", "--dir=/run/other", "--", "one"},
	"netns --dir /nowhere delete on":      {"--dir", "/nowhere", "delete", "on"},
	"netns --dir /run/oth":                {"--dir", "/run/other/"},
	"netns list --dir=/run/oth":           {"list", "--dir=/run/other/"},
	"netns exec demo setpri":              {"exec", "demo", "setpriv"},
	"netns exec 'a b' -- setpri":          {"exec", "a b", "--", "setpriv"},
}

// ownCompletion are such lines for shells that can complete what follows a command as that command's.
var ownCompletion = map[string][]string{
	"netns exec demo netns dele":                    {"exec", "demo", "netns", "delete"},
	"netns --dir /x exec 'a b' -- netns list -o js": {"--dir", "/x", "exec", "a b", "--", "netns", "list", "-o", "json"},
}

// A shell is an interactive one on a terminal, in which the command netns only says what it was given.
type shell struct {
	cmd      *exec.Cmd
	terminal *os.File
	screen   bytes.Buffer
	read     chan struct{} // closed when the screen is complete
	said     string        // the file in which the arguments are
}

func startShell(t *testing.T, setup string, args ...string) *shell {
	t.Helper()
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(terminal.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	peer, err := unix.IoctlRetInt(int(terminal.Fd()), unix.TIOCGPTPEER)
	if err != nil {
		t.Fatal(err)
	}
	tty := os.NewFile(uintptr(peer), "tty")
	defer tty.Close()
	s := &shell{cmd: exec.Command(args[0], args[1:]...), terminal: terminal,
		read: make(chan struct{}), said: filepath.Join(t.TempDir(), "said")}
	s.cmd.Stdin, s.cmd.Stdout, s.cmd.Stderr = tty, tty, tty
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		io.Copy(&s.screen, terminal)
		close(s.read)
	}()
	s.enter(t, " PS1='$ '; netns() { printf '%s\\0' \"$@\" >"+s.said+".new; mv "+s.said+".new "+s.said+"; }\r"+
		" "+setup+"; netns ready\r")
	return s
}

// enter types keys, the last of which makes the shell call netns, and returns what that was given.
func (s *shell) enter(t *testing.T, keys string) []string {
	t.Helper()
	if _, err := io.WriteString(s.terminal, keys); err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		if said, err := os.ReadFile(s.said); err == nil {
			os.Remove(s.said)
			return strings.Split(strings.TrimSuffix(string(said), "\x00"), "\x00")
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.end()
	t.Fatalf("%q did not call netns; the screen:\n%s", keys, s.screen.String())
	return nil
}

// end ends the shell, and returns all that was on its screen.
func (s *shell) end() string {
	s.cmd.Process.Kill()
	s.cmd.Wait()
	<-s.read // the shell held the other end
	s.terminal.Close()
	return s.screen.String()
}

// press checks that Tab at the end of each line gives netns these arguments.
func (s *shell) press(t *testing.T, tabs map[string][]string) {
	t.Helper()
	for line, want := range tabs {
		if got := s.enter(t, line+"\t\r"); !slices.Equal(got, want) {
			t.Errorf("%s<Tab> gives %q, want %q", line, got, want)
		}
	}
}

func TestCompletionBashTab(t *testing.T) {
	toComplete(t)
	for setup, own := range map[string]bool{"": false, ". /usr/share/bash-completion/bash_completion; ": true} {
		s := startShell(t, setup+"source <(command netns completion bash); bind 'set bell-style none'",
			"bash", "--norc", "--noprofile", "-i")
		s.press(t, tabs)
		if own {
			s.press(t, ownCompletion)
		}
		if screen := s.end(); strings.Contains(screen, "netns:") || strings.Contains(screen, "bash:") {
			t.Errorf("an error on the screen:\n%s", screen)
		}
	}
}

// Bash as a script can use it, without a terminal, and all that there is for one word.
func TestCompletionBashFunction(t *testing.T) {
	toComplete(t)
	const script = `set -eu; source <(netns completion bash); function=$(complete -p netns); function=${function#*-F }
		COMP_WORDS=(netns delete demo "") COMP_CWORD=3 COMP_LINE="netns delete demo " COMP_POINT=18 COMPREPLY=()
		${function% *} netns "" demo; printf '%s\n' "${COMPREPLY[@]}"`
	r := finish(t, exec.Command("bash", "-c", script)).want(t, 0)
	if want := "a\\ b\nc:d\nit\\'s\nx\\\"\\$y\\\\z\n"; r.stdout != want || r.stderr != "" {
		t.Errorf("want %s, got %v", want, r)
	}
}

// Whatever is on the line, there is no error, and no privilege is needed.
func TestCompletionIsSilent(t *testing.T) {
	toComplete(t)
	nobody := []string{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "netns", "__complete", "--"}
	for _, args := range [][]string{
		{}, {"words"}, {"bash"}, {"bash", "", ""}, {"bash", "netns \xff'", ""}, {"nope", "x"}, {"words", "--dir", "/etc/passwd", "list", ""},
		{"words", "--dir", "", "exec"}, {"words", "--nope", "exec", ""}, {"words", "list", "--nope="}, {"words", "-"}, {"words", "exec", "--", "--", ""},
	} {
		if r := run(t, append(nobody, args...)...); r.code != 0 || r.stderr != "" {
			t.Error(r)
		}
	}
	if r := run(t, append(nobody, "words", "delete", "d")...); !strings.Contains(r.stdout, "demo\n") {
		t.Errorf("an ordinary user completes no names: %v", r)
	}
	if r := netns(t, "--help"); strings.Contains(r.stdout, "__complete") {
		t.Errorf("the hidden verb is shown: %v", r)
	}
	run(t, "netns", "completion").want(t, 2, "bash, zsh or fish")
	run(t, "netns", "completion", "tcsh").want(t, 2, `unknown shell "tcsh"`)
}
