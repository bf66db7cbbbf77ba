package commandline

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
)

// inPath makes netns in PATH the command under test.
func inPath(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	if err := os.Symlink(world.Binary(), dir+"/netns"); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	t.Setenv("HOME", t.TempDir()) // shells write there
	t.Setenv("TERM", "dumb")
}

// toComplete makes the names for the tests to complete.
func toComplete(t *testing.T) {
	t.Helper()
	world.Clean(t)
	inPath(t)
	names := []string{"demo", "a b", "it's", `x"$y\z`, "c:d"}
	world.Netns(t, append([]string{"create"}, names...)...)
	t.Cleanup(func() {
		world.Netns(t, append([]string{"delete"}, names...)...)
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

// tabs maps a line, at whose end the test presses Tab, to the arguments that netns then gets, in every shell.
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

// ownCompletion has such lines for shells that complete the words after a command by that command's own completion.
var ownCompletion = map[string][]string{
	"netns exec demo netns dele":                    {"exec", "demo", "netns", "delete"},
	"netns --dir /x exec 'a b' -- netns list -o js": {"--dir", "/x", "exec", "a b", "--", "netns", "list", "-o", "json"},
}

// A shell is an interactive shell on a terminal. Its command netns is a function that records its arguments.
type shell struct {
	cmd      *exec.Cmd
	terminal *os.File
	screen   bytes.Buffer
	read     chan struct{} // closed at the end of the output
	said     string        // the file with the recorded arguments
}

func startShell(t *testing.T, setup string, args ...string) *shell {
	t.Helper()
	terminal, tty := world.OpenTerminal(t)
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

// enter types keys, the last of which makes the shell call netns, and returns the arguments.
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

// end ends the shell, and returns its whole output.
func (s *shell) end() string {
	s.cmd.Process.Kill()
	s.cmd.Wait()
	<-s.read // ends because the shell held the other side
	s.terminal.Close()
	return s.screen.String()
}

// press presses Tab at the end of each line, and fails the test unless netns gets the arguments.
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

// A script calls bash's completion function without a terminal, and gets all candidates for one word.
func TestCompletionBashFunction(t *testing.T) {
	toComplete(t)
	const script = `set -eu; source <(netns completion bash); function=$(complete -p netns); function=${function#*-F }
		COMP_WORDS=(netns delete demo "") COMP_CWORD=3 COMP_LINE="netns delete demo " COMP_POINT=18 COMPREPLY=()
		${function% *} netns "" demo; printf '%s\n' "${COMPREPLY[@]}"`
	r := world.Finish(t, exec.Command("bash", "-c", script)).Want(t, 0)
	if want := "a\\ b\nc:d\nit\\'s\nx\\\"\\$y\\\\z\n"; r.Stdout != want || r.Stderr != "" {
		t.Errorf("want %s, got %v", want, r)
	}
}

// Completion reports no error, for any line, and needs no privilege.
func TestCompletionIsSilent(t *testing.T) {
	toComplete(t)
	nobody := world.AsNobody("netns", "__complete", "--")
	for _, args := range [][]string{
		{}, {"words"}, {"bash"}, {"bash", "", ""}, {"bash", "netns \xff'", ""}, {"nope", "x"}, {"words", "--dir", "/etc/passwd", "list", ""},
		{"words", "--dir", "", "exec"}, {"words", "--nope", "exec", ""}, {"words", "list", "--nope="}, {"words", "-"}, {"words", "exec", "--", "--", ""},
	} {
		if r := world.Run(t, append(nobody, args...)...); r.Code != 0 || r.Stderr != "" {
			t.Error(r)
		}
	}
	if r := world.Run(t, append(nobody, "words", "delete", "d")...); !strings.Contains(r.Stdout, "demo\n") {
		t.Errorf("an ordinary user completes no names: %v", r)
	}
	if r := world.Netns(t, "--help"); strings.Contains(r.Stdout, "__complete") {
		t.Errorf("the hidden verb is shown: %v", r)
	}
	world.Run(t, "netns", "completion").Want(t, 2, "bash, zsh or fish")
	world.Run(t, "netns", "completion", "tcsh").Want(t, 2, `unknown shell "tcsh"`)
}
