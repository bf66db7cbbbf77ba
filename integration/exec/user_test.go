package exec

import (
	"os"
	"strings"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

func TestExecUser(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "x")
	defer world.Netns(t, "delete", "x")
	groups, err := os.ReadFile("/etc/group")
	if err != nil {
		t.Fatal(err)
	}
	defer os.WriteFile("/etc/group", groups, 0o644)
	os.WriteFile("/etc/group", append(groups, "\nfurther:x:4711:games\n"...), 0o644)
	const show = " x sh -c 'echo $(id -u):$(id -g):$(id -G) $HOME $USER $LOGNAME'"
	for options, want := range map[string]string{
		"":                             "0:0:0 7 /h u l",
		"--user games":                 "5:60:60 4711 /usr/games games games",
		"--user 5":                     "5:60:60 /usr/games games games", // a number has no further groups
		"--user games:tty":             "5:5:5 60 4711 /usr/games games games",
		"--user games --group 77":      "5:77:77 60 4711 /usr/games games games",
		"--user 4242:5":                "4242:5:5 / 4242 4242",
		"--group tty":                  "0:5:5 7 /h u l",
		"--user games --env HOME=/e":   "5:60:60 4711 /e games games",
		"--user root":                  "0:0:0 /root root root",
		"--net-only --user games:4711": "5:4711:4711 60 /usr/games games games",
	} {
		r := world.Sh(t, "export HOME=/h USER=u LOGNAME=l; exec setpriv --groups 7 netns exec "+options+show).Want(t, 0)
		if r.Stdout != want+"\n" {
			t.Errorf("%q: %v, want %s", options, r, want)
		}
	}
	for options, reason := range map[string]string{
		"--user nope":               `--user "nope": user: unknown user nope`,
		"--user 4242":               "name its group as well, 4242:GROUP",
		"--user games:nope":         "unknown group nope",
		"--user games:":             "unknown group",
		"--user=":                   "unknown user",
		"--user 4294967295:1":       "unknown user",
		"--user -1":                 "unknown user",
		"--user games:1 --group 1":  "--user names a group already",
		"--env A":                   `--env "A" is not KEY=VALUE`,
		"--env =A":                  `--env "=A" is not KEY=VALUE`,
		"--workdir=":                "no directory given",
		"--workdir /nope":           "chdir /nope: no such file",
		"--user games --workdir /h": "chdir /h: permission denied\n",
	} {
		world.Sh(t, "mkdir -p -m 700 /h; netns exec "+options+" x touch /run/ran").Want(t, 125, reason)
	}
	os.Remove("/h")
	if files := world.Files(t, "/run"); strings.Contains(strings.Join(files, " "), "ran") {
		t.Error("the command was run")
	}
	// If passwd lacks even the caller, the environment does not decide about users.
	world.Sh(t, "unshare --mount sh -c 'mount --bind /dev/null /etc/passwd; USER=games HOME=/ netns exec --user games x id'").
		Want(t, 125, "--user")
}

func TestExecEnvAndWorkdir(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "x")
	defer world.Netns(t, "delete", "x")
	world.Run(t, "ip", "-n", "x", "link", "add", "veth0", "type", "veth", "peer", "name", "veth1").Want(t, 0)
	r := world.Netns(t, "exec", "--env", "A=1,2", "--env", "B=", "--env=A=3=4", "--workdir", "/sys/class/net/veth0", "x",
		"sh", "-c", "echo $A-$B; pwd -P")
	if r.Stdout != "3=4-\n/sys/devices/virtual/net/veth0\n" {
		t.Error(r)
	}
	// exec searches the command in the PATH of --env.
	world.Sh(t, "mkdir /run/bin && ln -s /bin/echo /run/bin/say").Want(t, 0)
	defer os.RemoveAll("/run/bin")
	if r := world.Netns(t, "exec", "--env", "PATH=/run/bin", "x", "say", "hello"); r.Stdout != "hello\n" {
		t.Error(r)
	}
}

// exec names each missing capability.
func TestExecCapabilities(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "x")
	defer world.Netns(t, "delete", "x")
	for capability, options := range map[string]string{
		"sys_admin": "", "setuid": "--user games", "setgid": "--user games",
	} {
		world.Sh(t, "setpriv --bounding-set -"+capability+" netns exec "+options+" x true").
			Want(t, 125, "needs CAP_"+strings.ToUpper(capability))
	}
	world.Run(t, world.AsNobody("netns", "exec", "--net-only", "x", "true")...).Want(t, 125, "exec x: setns: ", "CAP_SYS_ADMIN", "sudo")
}

// --net-only changes the network namespace, and nothing else.
func TestExecNetOnly(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "x")
	defer world.Netns(t, "delete", "x")
	defer os.RemoveAll("/etc/netns")
	world.Sh(t, "mkdir -p /etc/netns/x && echo inside >/etc/netns/x/hostname && chmod 777 /etc/netns/x").Want(t, 0)
	const script = `readlink /proc/self/ns/mnt; cat /etc/hostname; readlink /proc/self/ns/net`
	inside := strings.Split(world.Netns(t, "exec", "--net-only", "x", "sh", "-c", script).Stdout, "\n")
	outside := strings.Split(world.Sh(t, script).Stdout, "\n")
	if inside[0] != outside[0] || inside[1] != outside[1] || inside[2] == outside[2] {
		t.Errorf("inside %q, outside %q", inside, outside)
	}
}

// A command for another user loses the capabilities of the caller, for any caller, and however the caller got them.
func TestExecUserLeavesCapabilities(t *testing.T) {
	world.Clean(t)
	world.Netns(t, "create", "x")
	defer world.Netns(t, "delete", "x")
	const (
		caps    = "+sys_admin,+net_admin,+net_raw,+dac_override,+setuid,+setgid"
		service = "setpriv --reuid 1000 --regid 1000 --clear-groups --inh-caps " + caps + " --ambient-caps " + caps
		show    = ` sh -c 'id -u; grep -E "^Cap(Inh|Prm|Eff|Amb)" /proc/self/status'`
		none    = "\nCapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nCapAmb:\t0000000000000000\n"
	)
	for _, caller := range []string{service, "setpriv --securebits +no_setuid_fixup", "setpriv --inh-caps +net_raw --ambient-caps +net_raw"} {
		for _, form := range []string{"exec --user nobody x", "exec --net-only --user nobody x", "run --user nobody", "-q exec --all --user nobody"} {
			if r := world.Sh(t, caller+" netns "+form+show).Want(t, 0); r.Stdout != "65534"+none {
				t.Errorf("%s: %s: %v", caller, form, r)
			}
		}
	}
	// The same user keeps the capabilities, and execve gives all of them to root.
	for user, want := range map[string]string{"1000:1000": "CapPrm:\t00000000002030c2\n", "root": world.Sh(t, "grep CapPrm /proc/self/status").Stdout} {
		r := world.Sh(t, service+" netns exec --user "+user+" x"+show).Want(t, 0)
		if !strings.Contains(r.Stdout, want) {
			t.Errorf("--user %s: %v", user, r)
		}
	}
}
