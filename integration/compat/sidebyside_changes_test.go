package compat

import (
	"github.com/netns-go/netns/internal/world"
)

// Verbs that make and remove names.
var changingSideBySide = []comparison{
	{form: "ip netns add NAME", run: "ip netns add a", ip: side{after: "a: down"}, netns: &side{after: "a: up"}},
	{
		form: "ip netns add NAME", run: `ip netns add "a b"`,
		ip: side{after: "a b: down"}, netns: &side{after: "a b: up"},
	},
	{
		form: "ip netns add NAME", run: "ip netns add help",
		ip: side{after: "help: down"}, netns: &side{after: "help: up"},
	},
	{
		form: "ip netns add NAME", run: "umask 077; ip netns add a",
		ip: side{after: "a: down"}, netns: &side{after: "a: up"},
	},
	{
		form: "ip netns add: a script that gives lo its address", run: "set -e; " + addressesLo,
		ip:    side{after: "a: up"},
		netns: &side{code: 2, after: "a: up"},
	},
	{
		form: "ip netns add: a script that gives lo its address, with NETNS_ADD_LOOPBACK=0",
		run:  "set -e; export NETNS_ADD_LOOPBACK=0; " + addressesLo, ip: side{after: "a: up"},
	},
	{
		form: "ip netns add: a script that gives lo its address, with NETNS_ADD_LOOPBACK=0",
		run:  "NETNS_ADD_LOOPBACK=0 ip netns add a", ip: side{after: "a: down"},
	},
	{
		form: "ip netns add --loopback=false NAME", run: "ip netns add --loopback=false a",
		ip: side{after: "--loopback=false: down"}, netns: &side{after: "a: down"},
	},
	{
		form: "ip netns add: no run directory", given: noRunDir, run: "ip netns add a", look: madeRunDir,
		only: "private",
		ip:   side{after: "a: down; drwxr-xr-x\n1\n"}, netns: &side{after: "a: up; drwxr-xr-x\n1\n"},
	},
	{
		form: "ip netns add: no run directory, with umask 077", given: noRunDir,
		only: "private",
		run:  "umask 077; ip netns add a; stat -c %A /run/netns",
		ip:   side{stdout: "drwx------\n", after: "a: down"}, netns: &side{stdout: "drwxr-xr-x\n", after: "a: up"},
	},
	{
		form: "ip netns add: no run directory in a shared /run", given: noRunDir, run: "ip netns add a",
		look: madeRunDir, only: "shared",
		ip:    side{after: "a: down, mounted 2 times; drwxr-xr-x\n1\n"},
		netns: &side{after: "a: up; drwxr-xr-x\n1\n"},
	},
	{
		form: "ip netns add: it exists", given: one, run: "ip netns add a",
		ip:    side{code: 1, stderr: `Cannot create namespace file "/run/netns/a": File`, after: "a: down"},
		netns: &side{code: 4, stderr: "add a: /run/netns/a: exists: ready; delete it", after: "a: down"},
	},
	{
		form: "ip netns add: it exists", given: "mkdir /run/netns/a", run: "ip netns add a",
		ip:    side{code: 1, stderr: `Cannot create namespace file "/run/netns/a": File`, after: "a: directory"},
		netns: &side{code: 4, stderr: "add a: /run/netns/a: exists: a directory, not", after: "a: directory"},
	},
	{
		form: "ip netns add: a stale file", given: "touch /run/netns/a", run: "ip netns add a",
		ip:    side{code: 1, stderr: `Cannot create namespace file "/run/netns/a": File`, after: "a: file"},
		netns: &side{code: 4, stderr: "add a: /run/netns/a: exists: not a network", after: "a: file"},
	},
	{
		form: "ip netns add: no name", run: "ip netns add",
		ip:    side{code: 1, stderr: "No netns name specified"},
		netns: &side{code: 2, stderr: "add: no name given; see netns create --help"},
	},
	{
		form: "ip netns add: several names", run: "ip netns add a b",
		ip: side{after: "a: down"}, netns: &side{after: "a: up; b: up"},
	},
	{
		form: "ip netns add: several names", given: "touch /run/netns/b", run: "ip netns add a b",
		ip:    side{after: "a: down; b: file"},
		netns: &side{code: 4, stderr: "add: /run/netns/b: exists: not a network namespace:", after: "b: file"},
	},
	{
		form: "ip netns add: no name for a file", run: `ip netns add ""`,
		ip:    side{code: 255, stderr: `Invalid netns name ""`},
		netns: &side{code: 2, stderr: `add: invalid name "": it is empty`},
	},
	{
		form: "ip netns add: no name for a file", run: "ip netns add a/b",
		ip:    side{code: 255, stderr: `Invalid netns name "a/b"`},
		netns: &side{code: 2, stderr: `add: invalid name "a/b": it contains a slash`},
	},
	{
		form: "ip netns add: no name for a file", run: "ip netns add .",
		ip:    side{code: 255, stderr: `Invalid netns name "."`},
		netns: &side{code: 2, stderr: `add: invalid name ".": it is a directory's`},
	},
	{
		form: "ip netns add: no name for a file", run: "ip netns add ..",
		ip:    side{code: 255, stderr: `Invalid netns name ".."`},
		netns: &side{code: 2, stderr: `add: invalid name "..": it is a directory's`},
	},
	{
		form: "ip netns add: no name for a file", run: "ip netns add $(printf %0256d)",
		ip: side{code: 255, stderr: "Invalid netns name"}, netns: &side{code: 2, stderr: "add: invalid name"},
	},
	{
		form: "ip netns add: an awkward name", run: "ip netns add -x",
		ip: side{after: "-x: down"}, netns: &side{code: 2, stderr: `unknown option "-x"; see netns add --help`},
	},
	{
		form: "ip netns add: an awkward name", run: "ip netns add .x",
		ip:    side{after: ".x: down"},
		netns: &side{code: 2, stderr: `add: invalid name ".x": it begins with a dot and`},
	},
	{
		form: "ip netns add: an awkward name", run: `ip netns add "$(printf 'a\nb')"`,
		ip:    side{after: `a\nb: down`},
		netns: &side{code: 2, stderr: `add: invalid name "a\nb": it contains a control`},
	},
	{
		form: "ip netns add: an awkward name", run: `ip netns add "$(printf 'a\377b')"`,
		ip:    side{after: `a\xffb: down`},
		netns: &side{code: 2, stderr: `add: invalid name "a\xffb": it is not valid UTF-8`},
	},
	{
		form: "ip netns add: no privilege", run: world.Nobody + "ip netns add a",
		ip:    side{code: 1, stderr: "mount --make-shared /run/netns failed: Operation"},
		netns: &side{code: 6, stderr: "add a: mount /run/netns: operation not permitted:"},
	},
	{
		form: "ip netns attach NAME PID", given: apart, run: "ip netns attach a $pid",
		look: "test /run/netns/a -ef /proc/$pid/ns/net && echo same",
		ip:   side{after: "a: down; same\n"},
	},
	{
		form: "ip netns attach: the caller's own namespace", run: "ip netns attach a 1",
		ip: side{after: "a: up"}, netns: &side{code: 2, stderr: "attach a: /proc/1/ns/net is the namespace that"},
	},
	{
		form: "ip netns attach --own NAME PID", run: "ip netns attach --own a 1",
		ip: side{code: 1, stderr: "Invalid PID: a"}, netns: &side{after: "a: up"},
	},
	{
		form: "ip netns attach: it exists", given: held, run: "ip netns attach a $pid",
		ip:    side{code: 1, stderr: `Cannot create namespace file "/run/netns/a": File`, after: "a: down"},
		netns: &side{code: 4, stderr: "attach a: /run/netns/a: exists: ready; delete it", after: "a: down"},
	},
	{
		form: "ip netns attach: no such process", run: "ip netns attach a 4000000",
		ip:    side{code: 1, stderr: "Bind /proc/4000000/ns/net -> /run/netns/a failed:"},
		netns: &side{code: 3, stderr: "attach a: no process 4000000"},
	},
	{
		form: "ip netns attach: no such process", run: "ip netns attach a zz",
		ip:    side{code: 1, stderr: "Invalid PID: zz"},
		netns: &side{code: 2, stderr: `attach: "zz" is not the number of a process`},
	},
	{
		form: "ip netns attach: no such process", run: "ip netns attach a 0",
		ip:    side{code: 1, stderr: "Invalid PID: 0"},
		netns: &side{code: 2, stderr: `attach: "0" is not the number of a process`},
	},
	{
		form: "ip netns attach: no such process", run: "ip netns attach a -3",
		ip:    side{code: 1, stderr: "Bind /proc/-3/ns/net -> /run/netns/a failed: No"},
		netns: &side{code: 2, stderr: `attach: "-3" is not the number of a process`},
	},
	{
		form: "ip netns attach: too few words", run: "ip netns attach",
		ip:    side{code: 1, stderr: "No netns name and PID specified"},
		netns: &side{code: 2, stderr: "attach: wants a name and the number of a process;"},
	},
	{
		form: "ip netns attach: too few words", run: "ip netns attach a",
		ip:    side{code: 1, stderr: "No netns name and PID specified"},
		netns: &side{code: 2, stderr: "attach: wants a name and the number of a process;"},
	},
	{
		form: "ip netns attach: too many words", given: apart, run: "ip netns attach a $pid x",
		ip:    side{after: "a: down"},
		netns: &side{stderr: "netns: warning: attach: ignored, as by ip netns: x\n", after: "a: down"},
	},
	{
		form: "ip netns attach: no name for a file", run: "ip netns attach a/b 1",
		ip:    side{code: 255, stderr: `Invalid netns name "a/b"`},
		netns: &side{code: 2, stderr: `attach: invalid name "a/b": it contains a slash`},
	},
	{form: "ip netns delete NAME", given: one, run: "ip netns delete a", ip: side{}},
	{form: "ip netns delete NAME", given: one, run: "ip netns del a", ip: side{}},
	{
		form: "ip netns delete: a line of list", given: known, run: `ip netns del $(ip netns list)`,
		ip: side{},
	},
	{
		form: "ip netns delete: a line of list", given: two, run: "ip netns del a '(id:' '0)'",
		ip: side{after: "b: down"},
	},
	{
		form: "ip netns delete: a line of list as one word", given: known, run: `ip netns del "$(ip netns list)"`,
		ip:    side{code: 1, stderr: `"/run/netns/a (id: 7)": No such file or directory`, after: "a: down (id: 7)"},
		netns: &side{},
	},
	{
		form: "ip netns delete: a line of list as one word", given: known, run: "ip netns del 'a (id: 8)'",
		ip:    side{code: 1, stderr: `"/run/netns/a (id: 8)": No such file or directory`, after: "a: down (id: 7)"},
		netns: &side{code: 3, stderr: "no such network namespace", after: "a: down (id: 7)"},
	},
	{
		form: "ip netns delete: a line of list as one word", given: known + "; ip netns add 'a (id: 7)'",
		run: "ip netns del 'a (id: 7)'",
		ip:  side{after: "a: down (id: 7)"},
	},
	{
		form: "ip netns delete: no such name", run: "ip netns del a",
		ip:    side{code: 1, stderr: `Cannot remove namespace file "/run/netns/a": No`},
		netns: &side{code: 3, stderr: "delete a: /run/netns/a: no such network namespace;"},
	},
	{
		form: "ip netns delete: no name", run: "ip netns del",
		ip:    side{code: 1, stderr: "No netns name specified"},
		netns: &side{code: 2, stderr: "delete: no name given; see netns delete --help"},
	},
	{
		form: "ip netns delete: several names", given: two, run: "ip netns del a b",
		ip: side{after: "b: down"}, netns: &side{},
	},
	{
		form: "ip netns delete: several names", given: two, run: "ip netns del x a",
		ip:    side{code: 1, stderr: `Cannot remove namespace file "/run/netns/x": No`, after: "a: down; b: down"},
		netns: &side{code: 3, stderr: "delete x: /run/netns/x: no such network namespace;", after: "b: down"},
	},
	{
		form: "ip netns delete: a namespace that is held", given: held, run: "ip netns del a",
		ip: side{}, netns: &side{stderr: "warning: a: the name is gone, but the namespace"},
	},
	{
		form: "ip netns delete: a namespace that is held", given: held, run: "ip netns del a",
		ours: "netns -q del a",
		ip:   side{},
	},
	{form: "ip -all netns delete", given: two, run: "ip -all netns del", ip: side{}},
	{form: "ip -all netns delete", run: "ip -all netns del", ip: side{}},
	{form: "ip -all netns delete", given: two, run: "ip -a netns delete", ip: side{}},
	{
		form: "ip -all netns delete: one fails", given: two + "; mkdir /run/netns/c", run: "ip -all netns del",
		ip:    side{stderr: `Cannot remove namespace file "/run/netns/c": Is a`, after: "a: down; b: down; c: directory"},
		netns: &side{after: "c: directory"},
	},
	{
		form: "ip -all netns delete: other files", given: "echo text >/run/netns/x", run: "ip -all netns del",
		ip: side{}, netns: &side{after: "x: file"},
	},
	{
		form: "ip -all netns delete: a namespace of another type", given: uts, run: "ip -all netns del",
		ip: side{}, netns: &side{after: "b: other namespace"},
	},
	{
		form: "ip -all netns delete NAME", given: two, run: "ip -all netns del a",
		ip: side{}, netns: &side{code: 2, stderr: "delete: --all takes no names", after: "a: down; b: down"},
	},
	{
		form: "ip netns delete: a symbolic link", given: one + "; ln -s a /run/netns/b", run: "ip netns del b",
		ip:    side{after: "a: file"},
		netns: &side{after: "a: down"},
	},
	{
		form: "ip netns delete: a directory", given: "mkdir /run/netns/a", run: "ip netns del a",
		ip:    side{code: 1, stderr: `Cannot remove namespace file "/run/netns/a": Is a`, after: "a: directory"},
		netns: &side{code: 4, stderr: "delete a: /run/netns/a: exists: a directory, not", after: "a: directory"},
	},
	{
		form: "ip netns delete: a namespace of another type", given: uts, run: "ip netns del b",
		ip:    side{after: "a: down"},
		netns: &side{code: 4, stderr: "delete b: /run/netns/b: exists: a namespace of", after: "a: down; b: other namespace"},
	},
	{
		form: "ip netns delete: a broken link", given: one + "; ln -s nope /run/netns/b", run: "ip netns del b",
		ip: side{after: "a: down"},
	},
	{
		form: "ip netns delete: another file", given: "echo text >/run/netns/a", run: "ip netns del a",
		ip:    side{},
		netns: &side{code: 4, stderr: "delete a: /run/netns/a: exists: a file with", after: "a: file"},
	},
	{
		form: "ip netns delete: a stale file", given: "touch /run/netns/a", run: "ip netns del a",
		ip:    side{},
		netns: &side{code: 5, stderr: "delete a: /run/netns/a: busy: another tool made", after: "a: file"},
	},
	{
		form: "ip netns delete: a stale file", given: "touch /run/netns/a", run: "ip netns del a",
		ours: "netns del --force a",
		ip:   side{},
	},
	{
		form: "ip netns delete: a name with a hyphen", given: "ip netns add -x", run: "ip netns del -x",
		ip:    side{},
		netns: &side{code: 2, stderr: `unknown option "-x"; see netns delete --help`, after: "-x: down"},
	},
	{
		form: "ip netns delete: a name with a hyphen", given: "ip netns add -x", run: "ip netns del -x",
		ours: "netns del -- -x",
		ip:   side{},
	},
	{
		form: "ip netns delete: a name with a hyphen", given: "ip netns add -- --", run: "ip netns del --",
		ip:    side{},
		netns: &side{code: 2, stderr: "delete: no name given; see netns delete --help", after: "--: down"},
	},
	{
		form: "ip netns delete: no name for a file", run: "ip netns del ../netns/a",
		ip:    side{code: 255, stderr: `Invalid netns name "../netns/a"`},
		netns: &side{code: 2, stderr: `delete ../netns/a: invalid name "../netns/a": it`},
	},
	{
		form: "ip netns delete: no privilege", given: one, run: world.Nobody + "ip netns del a",
		ip:    side{code: 1, stderr: `Cannot remove namespace file "/run/netns/a":`, after: "a: down"},
		netns: &side{code: 6, stderr: "delete a: open_tree /run/netns: operation not", after: "a: down"},
	},
}

// addressesLo is how scripts make lo usable that nobody wrote for netns.
const addressesLo = "ip netns add a; ip netns exec a ip address add 127.0.0.1/8 dev lo 2>/dev/null; ip netns exec a ip link set lo up"
