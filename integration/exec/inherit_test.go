package exec

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

// forms are the ways in which netns becomes a command, or starts another netns that does.
var forms = []string{
	"netns exec x", "netns exec --net-only x", "netns exec --user root x", "netns -q exec --all --", "netns run --", "netns becomes",
}

// What execve(2) hands on, the command of netns gets, as that of ip netns exec and one without a wrapper do.
func TestExecInherits(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "x")
	defer world.Netns(t, "delete", "x")
	defer haveExternal(t)()
	for what, row := range map[string]struct{ caller, command string }{
		"ignored signals":        {"env --ignore-signal=QUIT,PIPE,TERM,USR1,USR2,CHLD,ALRM,URG,PROF,TSTP,35", "grep SigIgn /proc/self/status"},
		"ignored SIGHUP, SIGINT": {"env --ignore-signal=HUP,INT", "grep SigIgn /proc/self/status"},
		"ignored for faults":     {"env --ignore-signal=ILL,TRAP,BUS,FPE,SEGV,SYS", "grep SigIgn /proc/self/status"},
		"no ignored signals":     {"env --default-signal", "grep SigIgn /proc/self/status"},
		"blocked signals":        {"env --block-signal=HUP,QUIT,TERM,USR1,CHLD,PROF,URG,40", "grep SigBlk /proc/self/status"},
		"no blocked signals":     {"env", "grep SigBlk /proc/self/status"},
		"caught signals":         {"env", "grep SigCgt /proc/self/status"},
		"umask":                  {"sh -c 'umask 027; exec \"$@\"' sh", "grep Umask /proc/self/status"},
		"limits":                 {"prlimit --nofile=300:400 --core=0 --stack=4194304 --nproc=4000:5000", "cat /proc/self/limits"},
		"soft limit of files":    {"prlimit --nofile=60:400", "grep files /proc/self/limits"},
		"priority, policy":       {"nice -n 3 chrt -b 0", "cut -d' ' -f18,19,40,41 /proc/self/stat"},
		"I/O priority":           {"ionice -c 3", "ionice"},
		"affinity":               {"taskset -c 0", "grep Cpus_allowed_list /proc/self/status"},
		"OOM score":              {"choom -n 7 --", "cat /proc/self/oom_score_adj"},
		"core dump filter":       {"sh -c 'echo 0x12 >/proc/$$/coredump_filter; exec \"$@\"' sh", "cat /proc/self/coredump_filter"},
		"timer slack":            {"sh -c 'echo 123456 >/proc/$$/timerslack_ns; exec \"$@\"' sh", "cat /proc/self/timerslack_ns"},
		"personality":            {"setarch -R", "cat /proc/self/personality"},
		"working directory":      {"env -C /usr/share", "pwd"},
		"descriptors":            {"bash -c 'exec 7</etc/passwd 9>/dev/null; exec \"$@\"' sh", "ls /proc/self/fd"},
		"flags of descriptors":   {"bash -c 'exec 0<>/dev/null 9>>/dev/null; exec \"$@\"' sh", "grep flags /proc/self/fdinfo/0 /proc/self/fdinfo/9"},
		"bounding set, no_new":   {"setpriv --bounding-set -sys_time,-mknod --no-new-privs", "grep -E 'Cap|NoNew' /proc/self/status"},
		"inheritable, ambient":   {"setpriv --inh-caps +net_raw --ambient-caps +net_raw", "grep Cap /proc/self/status"},
		"securebits":             {"setpriv --securebits +no_setuid_fixup,+keep_caps_locked", "sh -c 'setpriv --dump | grep Securebits'"},
		"groups":                 {"setpriv --groups 7,8", "sh -c 'id -G | tr \" \" \"\\n\" | tail -n 2'"},
		"arguments":              {"env", "printf '<%s>' '' ' ' \"$(printf 'a\\nb\\377')\" -- --help -x"},
		"session and group":      {"setsid -w", "sh -c 'test $(cut -d\" \" -f6 /proc/$$/stat) != 1; echo $?'"},
	} {
		get := func(wrapper string) string {
			return world.Sh(t, row.caller+" "+wrapper+" "+row.command).Want(t, 0).Stdout
		}
		want := get("env")
		if ip := get("ip netns exec x"); ip != want {
			t.Errorf("%s: without a wrapper %q, with ip netns exec %q", what, want, ip)
		}
		for _, form := range forms {
			if what == "groups" && strings.Contains(form, "--user") {
				continue // it sets them
			}
			if got := strings.TrimPrefix(get(form), "\nnetns: x\n"); got != want {
				t.Errorf("%s: without a wrapper %q, with %s %q", what, want, form, got)
			}
		}
	}
}

// haveExternal makes the external command "becomes", which becomes its arguments. The returned function removes it.
func haveExternal(t *testing.T) func() {
	t.Helper()
	program := filepath.Join(filepath.Dir(world.Binary()), "netns-becomes")
	world.Sh(t, "cp $(command -v env) "+program).Want(t, 0)
	return func() { os.Remove(program) }
}

// A netns that was built without the Makefile hands signals on, too.
func TestPlainBuildInherits(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "x")
	defer world.Netns(t, "delete", "x")
	program := world.Build(t, "github.com/netns-go/netns/cmd/netns")
	const caller, command = "env --ignore-signal=PIPE,TERM,CHLD,INT --block-signal=TERM,USR1,CHLD ", " grep -E 'SigIgn|SigBlk' /proc/self/status"
	want := world.Sh(t, caller+command).Want(t, 0).Stdout
	if got := world.Sh(t, caller+program+" exec x"+command).Want(t, 0).Stdout; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// The environment is handed on as it is, even where package os would change it: keys without a value, empty strings, a key twice.
func TestExecEnvironment(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "x")
	defer world.Netns(t, "delete", "x")
	env := []string{"A=1", "A=2", "NOVALUE", "", "PATH=" + os.Getenv("PATH"), "B=", "=C", "D=\xff\n"}
	get := func(words string) string {
		out, err := os.CreateTemp(world.TempDir(t), "")
		if err != nil {
			t.Fatal(err)
		}
		defer out.Close()
		args := append(strings.Fields(words), "cat", "/proc/self/environ")
		p, err := os.StartProcess(world.Command(args...).Path, args, &os.ProcAttr{Env: env, Files: []*os.File{nil, out, os.Stderr}})
		if err != nil {
			t.Fatal(err)
		}
		if state, err := p.Wait(); err != nil || !state.Success() {
			t.Fatal(words, state, err)
		}
		text, err := io.ReadAll(io.NewSectionReader(out, 0, 1<<20))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	want := strings.Join(env, "\x00") + "\x00"
	for _, words := range []string{"ip netns exec x", "netns exec x", "netns exec --net-only x", "netns exec --workdir / x", "netns run --"} {
		if got := get(words); got != want {
			t.Errorf("%s: %q, want %q", words, got, want)
		}
	}
	want = "NOVALUE\x00\x00" + "PATH=" + os.Getenv("PATH") + "\x00B=\x00=C\x00D=\xff\n\x00A=3\x00"
	if got := get("netns exec --env A=3 x"); got != want {
		t.Errorf("with --env: %q, want %q", got, want)
	}
}

// The command is found as execvp(3) finds it, and the codes are those of env(1).
func TestExecSearch(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "x")
	defer world.Netns(t, "delete", "x")
	dir := world.TempDir(t)
	world.Sh(t, "cd "+dir+` && mkdir a b c b/dir && printf 'echo a $0 $*' >a/plain && printf '#!/bin/sh\necho b $0 $*' >b/plain &&
		chmod 644 a/plain && chmod 755 b/plain && printf 'echo script $# $*' >c/script && chmod 755 c/script && : >b/empty && chmod 755 b/empty &&
		cp b/plain ./here && printf '\177ELFnonsense' >c/elf && chmod 755 c/elf && printf '#!/nope\n' >c/interpreter && chmod 755 c/interpreter`).Want(t, 0)
	for _, c := range []struct{ path, command string }{
		{"a:b", "plain 1 2"}, {"a", "plain"}, {"b:a", "plain"}, {"", "here"}, {"a:", "here"}, {":a", "here x"}, {"a", "here"}, {"a", "./here"},
		{"c", "script 'a b' c"}, {"b", "dir"}, {"b", "empty"}, {"c", "elf"}, {"c", "interpreter"}, {"here:b", "plain"}, {"/nope:b", "plain"},
		{"c", "nope"}, {"c", "./nope"}, {"c", "a/plain"}, {"c", "''"}, {"c", "b/"}, {"c", "c/script"},
	} {
		find := func(wrapper string) world.Result {
			return world.Sh(t, "cd "+dir+" && NETNS=$(command -v netns) ENV=$(command -v env) && export NETNS ENV && PATH="+c.path+" exec "+wrapper+" "+c.command)
		}
		want := find("$ENV")
		for _, form := range forms {
			if strings.Contains(form, "--all") || strings.Contains(form, "becomes") {
				continue
			}
			got := find("$NETNS" + strings.TrimPrefix(form, "netns"))
			if got.Code != want.Code || got.Stdout != want.Stdout {
				t.Errorf("PATH=%s, %s: %v, with env: %v", c.path, form+" "+c.command, got, want)
			}
		}
	}
	// Without PATH, the system's directories are searched (confstr(3)).
	world.Sh(t, "N=$(command -v netns); unset PATH; exec $N exec x env true").Want(t, 0)
}

// Without a command, exec starts a login shell, as unshare(1) and nsenter(1) do.
func TestExecShell(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "x")
	defer world.Netns(t, "delete", "x")
	for shell, want := range map[string]string{"": "-sh", "SHELL=/bin/bash ": "-bash"} {
		for _, words := range []string{"x", "x --", "--net-only x", "--env A=1 x"} {
			script := fmt.Sprintf("unset SHELL; export HOME=/nonexistent; echo 'echo $0; ls /sys/class/net' | %snetns exec %s", shell, words)
			if r := world.Sh(t, script).Want(t, 0); !strings.HasPrefix(r.Stdout, want+"\n") {
				t.Errorf("%s: %v", script, r)
			}
		}
	}
	world.Sh(t, "SHELL=/nope netns exec x").Want(t, 127, "exec: /nope: no such file or directory")
}
