package compat

import (
	"strings"
)

// Verbs that only look.
var lookingSideBySide = []comparison{
	{form: "ip netns", given: one, run: "ip netns", ip: side{stdout: "a\n", after: "a: down"}},
	{
		form: "ip netns list", given: known, run: "ip netns list",
		ip: side{stdout: "a (id: 7)\n", after: "a: down (id: 7)"},
	},
	{form: "ip netns list", run: "ip netns list", ip: side{}},
	{form: "ip netns show, lst", given: one, run: "ip netns show", ip: side{stdout: "a\n", after: "a: down"}},
	{form: "ip netns show, lst", given: one, run: "ip netns lst", ip: side{stdout: "a\n", after: "a: down"}},
	{
		form: "ip netns list: the order", given: two, run: "ip netns list",
		ip:    side{stdout: "b\na\n", after: "a: down; b: down"},
		netns: &side{stdout: "a\nb\n", after: "a: down; b: down"},
	},
	{
		form: "ip netns list WORD", given: one, run: "ip netns list b",
		ip:    side{stdout: "a\n", after: "a: down"},
		netns: &side{stdout: "a\n", stderr: "netns: warning: list: ignored, as by ip netns: b\n", after: "a: down"},
	},
	{
		form: "ip netns list WORD", given: one, run: `ip netns show "|" grep -vq -o json -b x`,
		ip:    side{stdout: "a\n", after: "a: down"},
		netns: &side{stdout: "a\n", stderr: "ignored, as by ip netns: | grep -vq -o json -b x\n", after: "a: down"},
	},
	{
		form: "ip netns list WORD", given: one, run: "ip netns list b", ours: "netns list -o json b",
		ip:    side{stdout: "a\n", after: "a: down"},
		netns: &side{code: 2, stderr: "list: takes no names; see netns list --help", after: "a: down"},
	},
	{
		form: "ip netns list: a stale file", given: "touch /run/netns/a", run: "ip netns list",
		ip:    side{stdout: "a\n", stderr: "Error: Peer netns reference is invalid.", after: "a: file"},
		netns: &side{stdout: "a\n", after: "a: file"},
	},
	{
		form: "ip netns list: a name that is not printable", given: `ip netns add "$(printf 'a\nb')"`,
		run: "ip netns list",
		ip:  side{stdout: "a\nb\n", after: `a\nb: down`}, netns: &side{stdout: "\"a\\nb\"\n", after: `a\nb: down`},
	},
	{
		form: "ip netns list: a name that is not printable", given: `ip netns add "$(printf '\033[31m')"`,
		run:   "ip netns list",
		ip:    side{stdout: "\u001b[31m\n", after: `\x1b[31m: down`},
		netns: &side{stdout: "\"\\x1b[31m\"\n", after: `\x1b[31m: down`},
	},
	{form: "ip netns list: no run directory", given: noRunDir, run: "ip netns list", ip: side{}},
	{
		form: "ip -json netns list", given: known, run: "ip -json netns list",
		ip: side{stdout: "[{\"name\":\"a\",\"id\":7}]\n", after: "a: down (id: 7)"},
	},
	{
		form: "ip -json netns list", given: one, run: "ip -j netns",
		ip: side{stdout: "[{\"name\":\"a\"}]\n", after: "a: down"},
	},
	{form: "ip -json netns list", run: "ip -j netns list", ip: side{stdout: "[]\n"}},
	{
		form: "ip -json netns list: no run directory", given: noRunDir, run: "ip -j netns list",
		ip: side{}, netns: &side{stdout: "[]\n"},
	},
	{
		form: "ip -json -pretty netns list", given: known, run: "ip -j -p netns list",
		ip: side{stdout: `[ {
        "name": "a",
        "id": 7
    } ]
`, after: "a: down (id: 7)"},
		netns: &side{stdout: `[
    {
        "name": "a",
        "id": 7
    }
]
`, after: "a: down (id: 7)"},
	},
	{
		form: "ip -json -pretty netns list", run: "ip -j -p netns list",
		ip: side{stdout: "[ ]\n"}, netns: &side{stdout: "[]\n"},
	},
	{
		form: "ip -json -pretty netns list: the values", given: known,
		run: "ip -json -pretty netns list | tr -d ' \\n'",
		ip:  side{stdout: "[{\"name\":\"a\",\"id\":7}]", after: "a: down (id: 7)"},
	},
	{form: "ip netns set NAME NETNSID", given: one, run: "ip netns set a 7", ip: side{after: "a: down (id: 7)"}},
	{
		form: "ip netns set NAME NETNSID", given: one, run: "ip netns set a 0x10",
		ip: side{after: "a: down (id: 16)"},
	},
	{
		form: "ip netns set NAME NETNSID", given: one, run: "ip netns set a 010",
		ip: side{after: "a: down (id: 8)"},
	},
	{form: "ip netns set NAME auto", given: one, run: "ip netns set a auto", ip: side{after: "a: down (id: 0)"}},
	{
		form: "ip netns set: it has an id", given: known, run: "ip netns set a 8",
		ip:    side{code: 2, stderr: "Error: Peer netns already has a nsid assigned.", after: "a: down (id: 7)"},
		netns: &side{code: 4, stderr: "set a: /run/netns/a: exists: it has the nsid 7,", after: "a: down (id: 7)"},
	},
	{
		form: "ip netns set: it has an id", given: known, run: "ip netns set a 7",
		ip:    side{code: 2, stderr: "Error: Peer netns already has a nsid assigned.", after: "a: down (id: 7)"},
		netns: &side{code: 4, stderr: "set a: /run/netns/a: exists: it has the nsid 7,", after: "a: down (id: 7)"},
	},
	{
		form: "ip netns set: another has the id", given: two + "; ip netns set a 7", run: "ip netns set b 7",
		ip:    side{code: 2, stderr: "Error: The specified nsid is already used.", after: "a: down (id: 7); b: down"},
		netns: &side{code: 4, stderr: "set b: /run/netns/b: exists: another namespace has", after: "a: down (id: 7); b: down"},
	},
	{
		form: "ip netns set: no such id", given: one, run: "ip netns set a -3",
		ip:    side{code: 255, stderr: `Error: argument "-3" is wrong: "netnsid" value`, after: "a: down"},
		netns: &side{code: 2, stderr: `set: "-3" is not an nsid: a number from 0 to`, after: "a: down"},
	},
	{
		form: "ip netns set: no such id", given: one, run: "ip netns set a x",
		ip:    side{code: 255, stderr: `Error: argument "x" is wrong: Invalid "netnsid"`, after: "a: down"},
		netns: &side{code: 2, stderr: `set: "x" is not an nsid: a number from 0 to`, after: "a: down"},
	},
	{
		form: "ip netns set: no such id", given: one, run: "ip netns set a 2147483648",
		ip:    side{code: 255, stderr: `Error: argument "2147483648" is wrong: Invalid`, after: "a: down"},
		netns: &side{code: 2, stderr: `set: "2147483648" is not an nsid: a number from 0`, after: "a: down"},
	},
	{
		form: "ip netns set: too few words", run: "ip netns set",
		ip:    side{code: 1, stderr: "No netns name specified"},
		netns: &side{code: 2, stderr: "set: wants a name and an id; see netns set --help"},
	},
	{
		form: "ip netns set: too few words", given: one, run: "ip netns set a",
		ip:    side{code: 1, stderr: "No nsid specified", after: "a: down"},
		netns: &side{code: 2, stderr: "set: wants a name and an id; see netns set --help", after: "a: down"},
	},
	{
		form: "ip netns set: too many words", given: one, run: "ip netns set a 7 8",
		ip:    side{after: "a: down (id: 7)"},
		netns: &side{stderr: "netns: warning: set: ignored, as by ip netns: 8\n", after: "a: down (id: 7)"},
	},
	{
		form: "ip netns set: no such namespace", run: "ip netns set a 7",
		ip:    side{code: 1, stderr: `Cannot open network namespace "a": No such file or`},
		netns: &side{code: 3, stderr: "set a: /run/netns/a: no such network namespace;"},
	},
	{
		form: "ip netns set: no such namespace", run: "ip netns set 1 7",
		ip:    side{code: 1, stderr: `Cannot open network namespace "1": No such file or`},
		netns: &side{code: 3, stderr: "set 1: /run/netns/1: no such network namespace;"},
	},
	{
		form: "ip netns list-id", given: known, run: "ip netns list-id",
		ip: side{stdout: "nsid 7 (iproute2 netns name: a)\n", after: "a: down (id: 7)"},
	},
	{form: "ip netns list-id", run: "ip netns list-id", ip: side{}},
	{
		form: "ip -json netns list-id", given: known, run: "ip -j netns list-id",
		ip: side{stdout: "[{\"nsid\":7,\"name\":\"a\"}]\n", after: "a: down (id: 7)"},
	},
	{form: "ip -json netns list-id", run: "ip -j netns list-id", ip: side{stdout: "[]\n"}},
	{
		form: "ip netns list-id nsid ID", given: knowing, run: "ip netns list-id nsid 8",
		ip: side{stdout: "nsid 8 (iproute2 netns name: b)\n", after: "a: down (id: 7); b: down (id: 8)"},
	},
	{
		form: "ip netns list-id target-nsid ID", given: knowing, run: "ip netns list-id target-nsid 7",
		ip: side{stdout: "nsid 77 current-nsid 8 (iproute2 netns name: b)\n", after: "a: down (id: 7); b: down (id: 8)"},
	},
	{
		form: "ip netns list-id target-nsid ID", given: knowing, run: "ip -j netns list-id target-nsid 7",
		ip: side{stdout: "[{\"nsid\":77,\"current-nsid\":8,\"name\":\"b\"}]\n", after: "a: down (id: 7); b: down (id: 8)"},
	},
	{
		form: "ip netns list-id target-nsid ID nsid ID", given: knowing,
		run: "ip netns list-id target-nsid 7 nsid 8",
		ip:  side{stdout: "nsid 77 current-nsid 8 (iproute2 netns name: b)\n", after: "a: down (id: 7); b: down (id: 8)"},
	},
	{
		form: "ip netns list-id target-nsid ID nsid ID", given: knowing,
		run: "ip netns list-id nsid 8 target-nsid 7",
		ip:  side{stdout: "nsid 77 current-nsid 8 (iproute2 netns name: b)\n", after: "a: down (id: 7); b: down (id: 8)"},
	},
	{
		form:  "ip netns list-id: no name",
		given: known + "; touch /run/x; mount --bind /run/netns/a /run/x; ip netns del a", run: "ip netns list-id",
		look: "umount /run/x; rm /run/x",
		ip:   side{stdout: "nsid 7 \n"}, netns: &side{stdout: "nsid 7\n"},
	},
	{
		form: "ip netns list-id: several names", given: twice + "; ip netns set a 7", run: "ip netns list-id",
		ip:    side{stdout: "nsid 7 (iproute2 netns name: b)\n", after: "a: down (id: 7); b: down (id: 7)"},
		netns: &side{stdout: "nsid 7 (iproute2 netns name: a) (iproute2 netns name: b)\n", after: "a: down (id: 7); b: down (id: 7)"},
	},
	{
		form: "ip netns list-id: no such id", run: "ip netns list-id nsid 9",
		ip:    side{code: 2, stderr: "Error: Peer netns reference is invalid."},
		netns: &side{code: 3, stderr: "list-id: nsid 9: no such network namespace"},
	},
	{
		form: "ip netns list-id: no such id", run: "ip netns list-id target-nsid 9",
		ip:    side{code: 1, stderr: "Error: Invalid target network namespace id."},
		netns: &side{code: 3, stderr: "list-id: nsid 9: no such network namespace"},
	},
	{
		form: "ip netns list-id: anything else", run: "ip netns list-id x",
		ip:    side{code: 255, stderr: "Usage:"},
		netns: &side{code: 2, stderr: `list-id: unknown word "x"; there are target-nsid`},
	},
	{
		form: "ip netns list-id: anything else", run: "ip netns list-id nsid",
		ip:    side{code: 255, stderr: `Command line is not complete. Try option "help"`},
		netns: &side{code: 2, stderr: "list-id: nsid needs an id"},
	},
	{
		form: "ip netns list-id: anything else", run: "ip netns list-id nsid x",
		ip:    side{code: 255, stderr: `Error: argument "x" is wrong: "nsid" value is`},
		netns: &side{code: 2, stderr: `list-id: "x" is not an nsid: a number from 0 to`},
	},
	{
		form: "ip netns list-id: anything else", run: "ip netns list-id target-nsid -1",
		ip:    side{code: 255, stderr: `Error: argument "(null)" is wrong: "target-nsid"`},
		netns: &side{code: 2, stderr: `list-id: "-1" is not an nsid: a number from 0 to`},
	},
	{
		form: "ip netns identify PID", given: held, run: "ip netns identify $pid",
		ip: side{stdout: "a\n", after: "a: down"},
	},
	{form: "ip netns identify", run: "ip netns identify", ip: side{stdout: "\n"}},
	{
		form: "ip netns identify", given: one, run: "ip netns exec a ip netns identify",
		ip: side{stdout: "a\n", after: "a: down"},
	},
	{
		form: "ip netns identify: several names", given: held + strings.TrimPrefix(twice, one),
		run:   "ip netns identify $pid",
		ip:    side{stdout: "a\n", after: "a: down; b: down"},
		netns: &side{stdout: "a\nb\n", after: "a: down; b: down"},
	},
	{
		form: "ip -json netns identify", given: held, run: "ip -j netns identify $pid",
		ip:    side{stdout: "a\n", after: "a: down"},
		netns: &side{stdout: "[{\"version\":1,\"name\":\"a\",\"path\":\"/run/netns/a\",\"pid\":PID}]\n", after: "a: down"},
	},
	{
		form: "ip netns identify: no such process", run: "ip netns identify zz",
		ip:    side{code: 1, stderr: "Specified string 'zz' is not a pid"},
		netns: &side{code: 2, stderr: `identify: "zz" is not the number of a process`},
	},
	{
		form: "ip netns identify: no such process", run: "ip netns identify -1",
		ip:    side{code: 1, stderr: "Specified string '-1' is not a pid"},
		netns: &side{code: 2, stderr: `identify: "-1" is not the number of a process`},
	},
	{
		form: "ip netns identify: no such process", run: "ip netns identify 4000000",
		ip:    side{code: 1, stderr: "Cannot open network namespace: No such file or"},
		netns: &side{code: 3, stderr: "identify: no process 4000000"},
	},
	{
		form: "ip netns identify: too many words", run: "ip netns identify 1 x",
		ip:    side{code: 1, stderr: "extra arguments specified"},
		netns: &side{code: 2, stderr: "identify: takes one process; see netns identify"},
	},
	{
		form: "ip netns pids NAME", given: held, run: "ip netns pids a",
		ip: side{stdout: "PID\n", after: "a: down"},
	},
	{form: "ip netns pids NAME", given: one, run: "ip netns pids a", ip: side{after: "a: down"}},
	{
		form: "ip -json netns pids", given: held, run: "ip -j netns pids a",
		ip:    side{stdout: "PID\n", after: "a: down"},
		netns: &side{stdout: "[{\"version\":1,\"kind\":\"process\",\"pid\":PID,\"command\":\"sleep\"}]\n", after: "a: down"},
	},
	{
		form: "ip netns pids: a stale file", given: "touch /run/netns/a", run: "ip netns pids a",
		ip:    side{after: "a: file"},
		netns: &side{code: 4, stderr: "pids a: /run/netns/a: exists: not a network", after: "a: file"},
	},
	{
		form: "ip netns pids: no such namespace", run: "ip netns pids a",
		ip:    side{code: 1, stderr: "Cannot open network namespace: No such file or"},
		netns: &side{code: 3, stderr: "pids a: /run/netns/a: no such network namespace;"},
	},
	{
		form: "ip netns pids: too few or too many words", run: "ip netns pids",
		ip:    side{code: 1, stderr: "No netns name specified"},
		netns: &side{code: 2, stderr: "pids: takes one name; see netns pids --help"},
	},
	{
		form: "ip netns pids: too few or too many words", given: two, run: "ip netns pids a b",
		ip:    side{code: 1, stderr: "extra arguments specified", after: "a: down; b: down"},
		netns: &side{code: 2, stderr: "pids: takes one name; see netns pids --help", after: "a: down; b: down"},
	},
}
