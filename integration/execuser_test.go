package integration

import (
	"os"
	"strings"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

// asNobody is a command line as an ordinary user's.
func asNobody(args ...string) []string {
	return append([]string{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"}, args...)
}

func TestExecUser(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "x")
	defer netns(t, "delete", "x")
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
		"--user 5":                     "5:60:60 /usr/games games games", // no further groups for a number
		"--user games:tty":             "5:5:5 60 4711 /usr/games games games",
		"--user games --group 77":      "5:77:77 60 4711 /usr/games games games",
		"--user 4242:5":                "4242:5:5 / 4242 4242",
		"--group tty":                  "0:5:5 7 /h u l",
		"--user games --env HOME=/e":   "5:60:60 4711 /e games games",
		"--user root":                  "0:0:0 /root root root",
		"--net-only --user games:4711": "5:4711:4711 60 /usr/games games games",
	} {
		r := sh(t, "export HOME=/h USER=u LOGNAME=l; exec setpriv --groups 7 netns exec "+options+show).want(t, 0)
		if r.stdout != want+"\n" {
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
		sh(t, "mkdir -p -m 700 /h; netns exec "+options+" x touch /run/ran").want(t, 125, reason)
	}
	os.Remove("/h")
	if files := world.Files(t, "/run"); strings.Contains(strings.Join(files, " "), "ran") {
		t.Error("the command was run")
	}
	// Where passwd has not even the caller, the environment does not decide who somebody is.
	sh(t, "unshare --mount sh -c 'mount --bind /dev/null /etc/passwd; USER=games HOME=/ netns exec --user games x id'").
		want(t, 125, "--user")
}

func TestExecEnvAndWorkdir(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "x")
	defer netns(t, "delete", "x")
	run(t, "ip", "-n", "x", "link", "add", "veth0", "type", "veth", "peer", "name", "veth1").want(t, 0)
	r := netns(t, "exec", "--env", "A=1,2", "--env", "B=", "--env=A=3=4", "--workdir", "/sys/class/net/veth0", "x",
		"sh", "-c", "echo $A-$B; pwd -P")
	if r.stdout != "3=4-\n/sys/devices/virtual/net/veth0\n" {
		t.Error(r)
	}
	// The command is looked for where --env says.
	sh(t, "mkdir /run/bin && ln -s /bin/echo /run/bin/say").want(t, 0)
	defer os.RemoveAll("/run/bin")
	if r := netns(t, "exec", "--env", "PATH=/run/bin", "x", "say", "hello"); r.stdout != "hello\n" {
		t.Error(r)
	}
}

// Each missing capability is named.
func TestExecCapabilities(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "x")
	defer netns(t, "delete", "x")
	for capability, options := range map[string]string{
		"sys_admin": "", "setuid": "--user games", "setgid": "--user games",
	} {
		sh(t, "setpriv --bounding-set -"+capability+" netns exec "+options+" x true").
			want(t, 125, "needs CAP_"+strings.ToUpper(capability))
	}
	run(t, asNobody("netns", "exec", "--net-only", "x", "true")...).want(t, 125, "exec x: setns: ", "CAP_SYS_ADMIN", "sudo")
}

// --net-only changes the network namespace, and nothing else.
func TestExecNetOnly(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "x")
	defer netns(t, "delete", "x")
	defer os.RemoveAll("/etc/netns")
	sh(t, "mkdir -p /etc/netns/x && echo inside >/etc/netns/x/hostname && chmod 777 /etc/netns/x").want(t, 0)
	const script = `readlink /proc/self/ns/mnt; cat /etc/hostname; readlink /proc/self/ns/net`
	inside := strings.Split(netns(t, "exec", "--net-only", "x", "sh", "-c", script).stdout, "\n")
	outside := strings.Split(sh(t, script).stdout, "\n")
	if inside[0] != outside[0] || inside[1] != outside[1] || inside[2] == outside[2] {
		t.Errorf("inside %q, outside %q", inside, outside)
	}
}

// A command leaves the capabilities of the caller's user with that user, whoever that is and however they were given.
func TestExecUserLeavesCapabilities(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "x")
	defer netns(t, "delete", "x")
	const (
		caps    = "+sys_admin,+net_admin,+net_raw,+dac_override,+setuid,+setgid"
		service = "setpriv --reuid 1000 --regid 1000 --clear-groups --inh-caps " + caps + " --ambient-caps " + caps
		show    = ` sh -c 'id -u; grep -E "^Cap(Inh|Prm|Eff|Amb)" /proc/self/status'`
		none    = "\nCapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nCapAmb:\t0000000000000000\n"
	)
	for _, caller := range []string{service, "setpriv --securebits +no_setuid_fixup", "setpriv --inh-caps +net_raw --ambient-caps +net_raw"} {
		for _, form := range []string{"exec --user nobody x", "exec --net-only --user nobody x", "run --user nobody", "-q exec --all --user nobody"} {
			if r := sh(t, caller+" netns "+form+show).want(t, 0); r.stdout != "65534"+none {
				t.Errorf("%s: %s: %v", caller, form, r)
			}
		}
	}
	// Who stays the same user keeps them, and to root execve gives all.
	for user, want := range map[string]string{"1000:1000": "CapPrm:\t00000000002030c2\n", "root": sh(t, "grep CapPrm /proc/self/status").stdout} {
		r := sh(t, service+" netns exec --user "+user+" x"+show).want(t, 0)
		if !strings.Contains(r.stdout, want) {
			t.Errorf("--user %s: %v", user, r)
		}
	}
}
