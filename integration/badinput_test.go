package integration

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/netns-go/netns/internal/world"
	"golang.org/x/sys/unix"
)

// tree describes everything in /run: what a command that changes nothing leaves as it is.
func tree(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	err := filepath.WalkDir("/run", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		var st unix.Stat_t
		if err := unix.Lstat(path, &st); err != nil {
			return err
		}
		fmt.Fprintf(&b, "%s %o %d %d %d %d\n", path, st.Mode, st.Dev, st.Ino, st.Size, st.Ctim.Nano())
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String() + strings.Join(world.Mounts(t, "/"), "\n")
}

// unchanged runs a command that must fail with this code and these texts and change nothing.
func unchanged(t *testing.T, code int, stderr []string, args ...string) {
	t.Helper()
	before := tree(t)
	run(t, args...).want(t, code, append(stderr, "netns: ")...)
	if after := tree(t); after != before {
		t.Errorf("%q changed /run:\n%s\nto:\n%s", args, before, after)
	}
}

func TestBadNames(t *testing.T) {
	for i, prepared := range []bool{false, true} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			world.Clean(t)
			if prepared {
				creatable(t, "x")
			}
			for name, reason := range map[string]string{
				"":                       "it is empty",
				".":                      "a directory's",
				"..":                     "a directory's",
				"a/b":                    "a slash",
				"../../etc/x":            "a slash",
				"/run/netns/x":           "a slash",
				strings.Repeat("x", 256): "256 bytes, and 255 are allowed",
				".hidden":                "begins with a dot",
				"a\nb":                   "a control character",
				"a\x1b[31m":              "a control character",
				"a\xffb":                 "not valid UTF-8",
			} {
				unchanged(t, 2, []string{"invalid name ", reason}, "netns", "create", name)
				unchanged(t, 2, []string{"invalid name ", reason}, "netns", "create", "fine", name)
			}
			unchanged(t, 2, []string{"begins with a hyphen"}, "netns", "create", "--", "-x")
			unchanged(t, 2, []string{"given twice"}, "netns", "create", "x", "y", "x")
			for _, name := range []string{"", ".", "..", "a/b", "../x", strings.Repeat("x", 256)} {
				unchanged(t, 2, []string{"invalid name "}, "netns", "delete", name)
				unchanged(t, 125, nil, "netns", "exec", name, "true")
			}
		})
	}
}

// Names that are unusual and all right, of the longest one too.
func TestUnusualNames(t *testing.T) {
	world.Clean(t)
	for _, name := range []string{
		strings.Repeat("x", 255), "a b", "ä€", "a.b", "a-b", "help", "h", "list", "--", "*", "$(x)", "42", "a'b", `a"b`, "%s",
	} {
		args := []string{"--", name}
		if name == "--" { // begins with a hyphen, so it cannot be made
			continue
		}
		r := netns(t, append([]string{"create"}, args...)...)
		if !strings.HasPrefix(r.stdout, fmt.Sprintf("Created network namespace '%s' at ", name)) {
			t.Error(r)
		}
		if got := netns(t, "list").stdout; got != name+"\n" {
			t.Errorf("list shows %q", got)
		}
		netns(t, "exec", name, "true")
		netns(t, append([]string{"delete"}, args...)...)
	}
	// What another tool made is dealt with all the same.
	for name, shown := range map[string]string{"-x": "-x", ".x": ".x", "a\nb": `"a\nb"`, "\xff": `"\xff"`, "--": "--"} {
		run(t, "ip", "netns", "add", name).want(t, 0)
		if got := netns(t, "list").stdout; got != shown+"\n" {
			t.Errorf("list shows %q, not %q", got, shown)
		}
		netns(t, "list", "-o", "json")
		netns(t, "exec", "--", name, "true")
		netns(t, "delete", "--", name)
	}
}

func TestBadOptions(t *testing.T) {
	world.Clean(t)
	for _, test := range []struct {
		args []string
		text string
	}{
		{[]string{"create"}, "no name given"},
		{[]string{"create", "--nope", "x"}, "-nope"},
		{[]string{"create", "x", "--nope"}, "-nope"},
		{[]string{"nope"}, `unknown verb "nope"`},
		{[]string{"help", "nope"}, `unknown verb "nope"`},
		{[]string{"help", "list", "create"}, "help: takes one verb"},
		{[]string{"version", "nope"}, "version: takes no words"},
		{[]string{"--nope"}, "-nope"},
		{[]string{"list", "x"}, "takes no names"},
		{[]string{"list", "-o", "nope"}, `unknown format "nope"`},
		{[]string{"create", "x", "--timeout", "soon"}, "soon"},
		{[]string{"create", "x", "--timeout", "-1s"}, "negative"},
		{[]string{"create", "x", "--loopback=perhaps"}, "perhaps"},
		{[]string{"create", "x", "--loopback=false", "--verify"}, "--verify needs --loopback"},
	} {
		unchanged(t, 2, []string{test.text}, append([]string{"netns"}, test.args...)...)
	}
	for _, address := range []string{
		"", "10.1.2.3", "10.1.2.3/33", "10.1.2/24", "::1", "2001:db8::1/129", "fe80::1%eth0/64", "0.0.0.0/0", "::/0",
		"224.0.0.1/32", "ff02::1/128", "::ffff:10.0.0.1/128", "255.255.255.255/32", "x", "10.1.2.3/24 10.1.2.4/24",
	} {
		unchanged(t, 2, []string{"invalid address"}, "netns", "create", "x", "--address", address)
	}
	for _, sysctl := range []string{
		"", "net.ipv4.ip_forward", "=1", "kernel.hostname=x", "kernel/hostname=x", "net=1", "net.=1", "net..ipv4=1",
		"net/../kernel/hostname=x", "/net/ipv4/ip_forward=1", "net.ipv4.ip_forward=1\n2", "vm.net.x=1",
	} {
		unchanged(t, 2, []string{"invalid sysctl"}, "netns", "create", "x", "--sysctl", sysctl)
	}
	run(t, "netns", "create", "x", "--sysctl", "net.nope=1").want(t, 1, "x: sysctl: open /proc/sys/net/nope: no such file")
	run(t, "netns", "create", "x", "--sysctl", "net.ipv4.ip_forward=x").want(t, 1, "x: sysctl: write", `(value "x")`)
}

// Who asks for the version gets that, and no verb is run.
func TestVersionRunsNoVerb(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "-q", "x")
	want := netns(t, "version").stdout
	for _, args := range []string{"--version", "-V delete x", "delete x --version", "--version -b /nope"} {
		if r := netns(t, strings.Fields(args)...); r.stdout != want {
			t.Errorf("%s: %v", args, r)
		}
	}
	netns(t, "delete", "x")
}

// The forms that sysctl(8) takes, and a value with commas.
func TestSysctls(t *testing.T) {
	world.Clean(t)
	const reserved = "net.ipv4.ip_local_reserved_ports"
	netns(t, "create", "x", "--sysctl", "net.ipv4.ip_forward=1", "--sysctl", "net/ipv6/conf/all/forwarding = 1",
		"--sysctl", reserved+"=80,443")
	defer netns(t, "delete", "x")
	r := sh(t, "netns exec x cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding "+
		"/proc/sys/net/ipv4/ip_local_reserved_ports")
	if r.want(t, 0).stdout != "1\n1\n80,443\n" {
		t.Error(r)
	}
}

// What is told not to answer is not asked: verify knows the parameters that silence lo.
func TestVerifyKnowsWhatSilences(t *testing.T) {
	world.Clean(t)
	for _, sysctl := range []string{
		"net.ipv4.icmp_echo_ignore_all=1", "net.ipv6.icmp.echo_ignore_all=1", "net.ipv6.conf.all.disable_ipv6=1",
		"net.ipv6.conf.lo.disable_ipv6=1",
	} {
		netns(t, "create", "x", "--sysctl", sysctl)
		netns(t, "delete", "x")
	}
	if r := netns(t, "create", "x", "--verify=false"); !strings.HasSuffix(r.stdout, "\nLoopback interface is UP\n") {
		t.Error(r)
	}
	if r := netns(t, "create", "y", "--loopback=false"); r.stdout != "Created network namespace 'y' at \"/run/netns/y\"\n" {
		t.Error(r)
	}
	sh(t, "netns exec x cat /sys/class/net/lo/flags | grep -qx 0x9").want(t, 0)
	sh(t, "netns exec y cat /sys/class/net/lo/flags | grep -qx 0x8").want(t, 0)
	netns(t, "delete", "x", "y")
}

// Without the sysctls, in a /proc that shows only processes, a lo that does not answer is not taken for one with IPv6 off.
func TestVerifyDoesNotGuess(t *testing.T) {
	world.Clean(t)
	netns(t, "create", "x", "--sysctl", "net.ipv6.conf.all.disable_ipv6=1")
	defer netns(t, "delete", "x")
	netns(t, "verify", "x")
	run(t, "unshare", "-m", "sh", "-c", "mount -t proc -o subset=pid proc /proc && exec \"$0\" verify x", os.Getenv(binaryVar)).
		want(t, 7, "ICMP echo to ::1: ", "IPv6 may be off here, but that cannot be read: open /proc/sys/net/ipv6/conf/lo/disable_ipv6")
}

// A name that exists, as whatever.
func TestNameExists(t *testing.T) {
	for kind, test := range map[string]struct{ make, text, delete string }{
		"file":       {"echo text >/run/netns/x", "not a network namespace", "4"},
		"stale file": {": >/run/netns/x", "not a network namespace", "5"}, // too young to be told from one in the making
		"link":       {"ln -s /etc/passwd /run/netns/x", "not a network namespace", "0"},
		"dangling":   {"ln -s /nope /run/netns/x", "not a network namespace", "0"},
		"live link":  {"ln -s /proc/1/ns/net /run/netns/x", "ready", "0"},
		"directory":  {"mkdir /run/netns/x", "not a network namespace", "4"},
		"fifo":       {"mkfifo /run/netns/x", "not a network namespace", "4"},
	} {
		t.Run(kind, func(t *testing.T) {
			world.Clean(t)
			creatable(t, "first") // the run directory is there
			defer os.RemoveAll("/run/netns/x")
			sh(t, test.make).want(t, 0)
			unchanged(t, 4, []string{"/run/netns/x: exists: " + test.text}, "netns", "create", "x")
			unchanged(t, 4, []string{"/run/netns/x: exists: " + test.text}, "netns", "create", "y", "x")
			if got := netns(t, "list").stdout; !strings.HasPrefix(got, "x") {
				t.Errorf("list shows %q", got)
			}
			if test.text != "ready" {
				unchanged(t, 125, []string{"exec x: "}, "netns", "exec", "x", "true")
			}
			r := run(t, "netns", "delete", "x")
			if fmt.Sprint(r.code) != test.delete {
				t.Error(r)
			}
			if strings.HasPrefix(test.make, "ln") {
				if _, err := os.Stat("/etc/passwd"); err != nil {
					t.Error(err)
				}
			} else if _, err := os.Lstat("/run/netns/x"); err != nil {
				t.Errorf("removed: %v", err)
			}
		})
	}
}

// A stale file is removed without force when it is old enough, and at once with it.
func TestForeignFileIsDeletedWithForce(t *testing.T) {
	world.Clean(t)
	creatable(t, "first")
	sh(t, ": >/run/netns/x").want(t, 0)
	run(t, "netns", "delete", "x").want(t, 5, "less than 10s ago")
	netns(t, "delete", "--force", "x")
}

// The run directory is something else, cannot be written, or is not there at all.
func TestBadRunDirectory(t *testing.T) {
	for kind, test := range map[string]struct {
		make, clean string
		code        int
		text        string
	}{
		"file":      {"echo text >/run/netns", "rm /run/netns", 1, "/run/netns: not a directory"},
		"link":      {"mkdir /run/elsewhere; ln -s elsewhere /run/netns", "rm -r /run/netns /run/elsewhere", 1, "/run/netns: not a directory"},
		"read-only": {"mkdir /run/netns; mount -t tmpfs -o ro,mode=755 none /run/netns; mount --make-shared /run/netns", "umount /run/netns; rmdir /run/netns", 1, "read-only file system"},
		"no O_TMPFILE": {"mkdir /run/netns; mount -t bpf -o mode=755 none /run/netns; mount --make-shared /run/netns",
			"umount /run/netns; rmdir /run/netns", 9, "O_TMPFILE"},
		"no parent": {"", "", 1, "no such file or directory"},
	} {
		t.Run(kind, func(t *testing.T) {
			world.Need(t)
			run(t, "sh", "-c", "! mountpoint -q /run/netns || umount /run/netns; rm -rf /run/netns; "+test.make).want(t, 0)
			args := []string{"netns", "create", "x"}
			if kind == "no parent" {
				args = append(args, "--dir", "/run/nope/netns")
			}
			unchanged(t, test.code, []string{test.text}, args...)
			run(t, "sh", "-c", test.clean).want(t, 0)
		})
	}
}

// A run directory of another name, by option or by the environment, before the verb or after it.
func TestOtherRunDirectory(t *testing.T) {
	world.Clean(t)
	const dir = "/run/other"
	defer func() { sh(t, "umount /run/other; rmdir /run/other").want(t, 0) }()
	if r := netns(t, "create", "x", "--dir", dir); !strings.Contains(r.stdout, `at "/run/other/x"`) {
		t.Error(r)
	}
	for _, form := range []string{
		"netns --dir /run/other list", "netns list --dir=/run/other", "NETNS_RUN_DIR=/run/other netns list", "netns --dir /run/other",
	} {
		if r := sh(t, form).want(t, 0); r.stdout != "x\n" {
			t.Error(r)
		}
	}
	netns(t, "exec", "--dir", dir, "x", "true")
	netns(t, "delete", "--dir", dir, "x")
}
