package compat

import (
	"strings"

	"github.com/netns-go/netns/internal/world"
)

// Verbs that run commands, and options of the command itself.
var runningSideBySide = []comparison{
	{
		form: "ip netns exec NAME COMMAND", given: one, run: "ip netns exec a echo -n --help -x --",
		ip: side{stdout: "--help -x --", after: "a: down"},
	},
	{
		form: "ip netns exec NAME COMMAND", given: one, run: `ip netns exec a sh -c "exit 9"`,
		ip: side{code: 9, after: "a: down"},
	},
	{
		form: "ip netns exec NAME COMMAND", given: one, run: "ip netns exec a sh -c 'kill -TERM $$'",
		ip: side{code: 143, stderr: "Terminated", after: "a: down"},
	},
	{
		form: "ip netns exec NAME COMMAND", given: one,
		run: "cd /srv; echo in | FOO=bar ip netns exec a sh -c 'cat; echo $FOO; pwd'",
		ip:  side{stdout: "in\nbar\n/srv\n", after: "a: down"},
	},
	{
		form: "ip netns exec NAME COMMAND", given: one + "; ip -n a link add v0 type veth peer name v1",
		run: "ip netns exec a ls /sys/class/net",
		ip:  side{stdout: "lo\nv0\nv1\n", after: "a: down"},
	},
	{
		form:  "ip netns exec NAME COMMAND",
		given: one + "; printf 'echo $0 $#' >/srv/script; chmod +x /srv/script",
		run:   "ip netns exec a /srv/script x y", look: "rm /srv/script",
		ip: side{stdout: "/srv/script 2\n", after: "a: down"},
	},
	{
		form: "ip netns exec NAME COMMAND", given: one,
		run: "ip netns exec a sh -c 'readlink /proc/self/ns/net | grep -cx net:.$(stat -Lc %i /run/netns/a).'",
		ip:  side{stdout: "1\n", after: "a: down"},
	},
	{
		form:  "ip netns exec: /etc/netns/NAME",
		given: one + "; mkdir -p /etc/netns/a; echo inside >/etc/netns/a/hostname",
		run:   "ip netns exec a cat /etc/hostname", look: "rm -r /etc/netns",
		ip: side{stdout: "inside\n", after: "a: down"},
	},
	{
		form:  "ip netns exec: /etc/netns/NAME has a file that /etc lacks",
		given: one + "; mkdir -p /etc/netns/a; touch /etc/netns/a/nope", run: "ip netns exec a echo x",
		look:  "rm -r /etc/netns",
		ip:    side{stdout: "x\n", stderr: "Bind /etc/netns/a/nope -> /etc/nope failed: No such", after: "a: down"},
		netns: &side{stdout: "x\n", stderr: "exec: /etc/netns/a/nope: skipped: /etc/nope: no such file or directory", after: "a: down"},
	},
	{
		form:  "ip netns exec: /etc/netns/NAME that others can write to",
		given: one + "; mkdir -p /etc/netns/a; echo inside >/etc/netns/a/hostname; chmod o+w /etc/netns/a/hostname",
		run:   "ip netns exec a cat /etc/hostname", look: "rm -r /etc/netns",
		ip:    side{stdout: "inside\n", after: "a: down"},
		netns: &side{code: 125, stderr: "exec a: /etc/netns/a/hostname: not to be trusted:", after: "a: down"},
	},
	{
		form: "ip netns exec NAME -- COMMAND", given: one, run: "ip netns exec a -- echo x",
		ip:    side{code: 1, stderr: `exec of "--" failed: No such file or directory`, after: "a: down"},
		netns: &side{stdout: "x\n", after: "a: down"},
	},
	{
		form: "ip netns exec NAME -- COMMAND", given: one, run: "ip netns exec -- a echo x",
		ip:    side{code: 255, stderr: `Cannot open network namespace "--": No such file or`, after: "a: down"},
		netns: &side{stdout: "x\n", after: "a: down"},
	},
	{
		form: "ip netns exec: the command is not found", given: one, run: "ip netns exec a nope",
		ip:    side{code: 1, stderr: `exec of "nope" failed: No such file or directory`, after: "a: down"},
		netns: &side{code: 127, stderr: "exec: nope: executable file not found in $PATH", after: "a: down"},
	},
	{
		form: "ip netns exec: the command is not found", given: one, run: "ip netns exec a /nope",
		ip:    side{code: 1, stderr: `exec of "/nope" failed: No such file or directory`, after: "a: down"},
		netns: &side{code: 127, stderr: "exec: /nope: no such file or directory", after: "a: down"},
	},
	{
		form: "ip netns exec: the command cannot be executed", given: one, run: "ip netns exec a /etc/passwd",
		ip:    side{code: 1, stderr: `exec of "/etc/passwd" failed: Permission denied`, after: "a: down"},
		netns: &side{code: 126, stderr: "exec: /etc/passwd: permission denied", after: "a: down"},
	},
	{
		form: "ip netns exec: the command cannot be executed", given: one, run: "ip netns exec a /etc",
		ip:    side{code: 1, stderr: `exec of "/etc" failed: Permission denied`, after: "a: down"},
		netns: &side{code: 126, stderr: "exec: /etc: is a directory", after: "a: down"},
	},
	{
		form: "ip netns exec: no such namespace", run: "ip netns exec a true",
		ip:    side{code: 255, stderr: `Cannot open network namespace "a": No such file or`},
		netns: &side{code: 125, stderr: "exec a: /run/netns/a: no such network namespace;"},
	},
	{
		form: "ip netns exec: no such namespace", run: "ip netns exec a/b true",
		ip:    side{code: 255, stderr: `Invalid netns name "a/b"`},
		netns: &side{code: 125, stderr: `exec a/b: invalid name "a/b": it contains a slash`},
	},
	{
		form: "ip netns exec: a stale file", given: "touch /run/netns/a", run: "ip netns exec a true",
		ip:    side{code: 255, stderr: `setting the network namespace "a" failed: Invalid`, after: "a: file"},
		netns: &side{code: 125, stderr: "exec a: /run/netns/a: exists: not a network", after: "a: file"},
	},
	{
		form: "ip netns exec: too few words", run: "ip netns exec",
		ip:    side{code: 1, stderr: "No netns name specified"},
		netns: &side{code: 125, stderr: "exec: no name given; see netns exec --help"},
	},
	{
		form: "ip netns exec: no command", given: one, run: "HOME=/nonexistent ip netns exec a </dev/null",
		ip:    side{code: 1, stderr: "No command specified", after: "a: down"},
		netns: &side{after: "a: down"},
	},
	{
		form: "ip netns exec: no privilege", given: one, run: world.Nobody + "ip netns exec a true",
		ip:    side{code: 255, stderr: `setting the network namespace "a" failed: Operation`, after: "a: down"},
		netns: &side{code: 125, stderr: "exec a: setns: operation not permitted: entering a", after: "a: down"},
	},
	{
		form: "ip -all netns exec COMMAND", given: two, run: "ip -all netns exec echo x",
		ip:    side{stdout: "\nnetns: b\nx\n\nnetns: a\nx\n", after: "a: down; b: down"},
		netns: &side{stdout: "\nnetns: a\nx\n\nnetns: b\nx\n", after: "a: down; b: down"},
	},
	{
		form: "ip -all netns exec COMMAND: one namespace", given: one, run: "ip -all netns exec echo x",
		ip: side{stdout: "\nnetns: a\nx\n", after: "a: down"},
	},
	{form: "ip -all netns exec COMMAND: one namespace", run: "ip -all netns exec true", ip: side{}},
	{
		form: "ip -all netns exec: the command fails", given: one, run: `ip -all netns exec sh -c "exit 3"`,
		ip:    side{stdout: "\nnetns: a\n", after: "a: down"},
		netns: &side{code: 3, stdout: "\nnetns: a\n", after: "a: down"},
	},
	{
		form: "ip -all netns exec: the command fails", given: one, run: "ip -all netns exec nope",
		ip:    side{stdout: "\nnetns: a\n", stderr: `exec of "nope" failed: No such file or directory`, after: "a: down"},
		netns: &side{code: 127, stdout: "\nnetns: a\n", stderr: "exec: nope: executable file not found in $PATH", after: "a: down"},
	},
	{
		form: "ip -all netns exec: a stale file", given: one + "; touch /run/netns/b",
		run:   "ip -all netns exec true",
		ip:    side{stdout: "\nnetns: b\n\nnetns: a\n\nnetns: a\n", stderr: `setting the network namespace "b" failed: Invalid`, after: "a: down; b: file"},
		netns: &side{stdout: "\nnetns: a\n", stderr: "exec: b is skipped: foreign", after: "a: down; b: file"},
	},
	{
		form: "ip -all netns exec: no command", given: one, run: "ip -all netns exec",
		ip:    side{code: 1, stderr: "No command specified", after: "a: down"},
		netns: &side{code: 125, stderr: "exec: no command given; see netns exec --help", after: "a: down"},
	},
	{form: "ip netns monitor", run: "timeout 0.3 ip netns monitor", ip: side{code: 124}},
	{
		form: "ip netns monitor: each change",
		run: `ip netns monitor >/srv/log &
for i in $(seq 25); do
	test $(sort -u /srv/log | wc -l) -lt 2 || break
	touch /run/netns/x; unshare --net=/run/netns/x true; umount /run/netns/x; rm /run/netns/x; sleep 0.02
done
kill $!; sort -u /srv/log; rm /srv/log`,
		ip: side{}, netns: &side{stdout: "add x\ndelete x\n"},
	},
	{
		form: "ip netns monitor: a file without a namespace",
		run: `stdbuf -oL ip netns monitor >/srv/log &
for i in $(seq 25); do
	test $(sort -u /srv/log | wc -l) -lt 2 || break
	touch /run/netns/x; rm /run/netns/x; sleep 0.02
done
kill $!; sort -u /srv/log; rm /srv/log`,
		ip: side{stdout: "add x\ndelete x\n"}, netns: &side{},
	},
	{
		form: "ip netns monitor WORD", run: "timeout 0.3 ip netns monitor x",
		ip: side{code: 124}, netns: &side{code: 124, stderr: "netns: warning: monitor: ignored, as by ip netns: x\n"},
	},
	{
		form: "ip netns help", run: `text=$(ip netns help); code=$?; echo "$text" | head -n 1; exit $code`,
		ip: side{code: 255, stdout: "\n", stderr: "Usage:"}, netns: &side{stdout: "NAME:\n"},
	},
	{
		form: "ip netns help", run: `text=$(ip netns h); code=$?; echo "$text" | head -n 1; exit $code`,
		ip: side{code: 255, stdout: "\n", stderr: "Usage:"}, netns: &side{stdout: "NAME:\n"},
	},
	{
		form: "ip netns VERB --help",
		run:  `text=$(ip netns add --help); code=$?; echo "$text" | head -n 1; exit $code`,
		ip:   side{stdout: "\n", after: "--help: down"}, netns: &side{stdout: "NAME:\n"},
	},
	{
		form: "ip netns: a shortened verb", given: one, run: "ip netns l",
		ip: side{stdout: "a\n", after: "a: down"},
	},
	{
		form: "ip netns: a shortened verb", given: one, run: "ip netns li",
		ip: side{stdout: "a\n", after: "a: down"},
	},
	{
		form: "ip netns: a shortened verb", given: one, run: "ip netns ls",
		ip: side{stdout: "a\n", after: "a: down"},
	},
	{
		form: "ip netns: a shortened verb", given: one, run: "ip netns s",
		ip: side{stdout: "a\n", after: "a: down"},
	},
	{
		form: "ip netns: a shortened verb", given: one, run: "ip netns sh",
		ip: side{stdout: "a\n", after: "a: down"},
	},
	{form: "ip netns: a shortened verb", given: one, run: "ip netns list-", ip: side{after: "a: down"}},
	{form: "ip netns: a shortened verb", given: one, run: "ip netns list-i", ip: side{after: "a: down"}},
	{form: "ip netns: a shortened verb", given: one, run: "ip netns se a 7", ip: side{after: "a: down (id: 7)"}},
	{form: "ip netns: a shortened verb", given: one, run: "ip netns d a", ip: side{}},
	{form: "ip netns: a shortened verb", given: one, run: "ip netns de a", ip: side{}},
	{
		form: "ip netns: a shortened verb", given: held, run: "ip netns i $pid",
		ip: side{stdout: "a\n", after: "a: down"},
	},
	{
		form: "ip netns: a shortened verb", given: held, run: "ip netns p a",
		ip: side{stdout: "PID\n", after: "a: down"},
	},
	{
		form: "ip netns: a shortened verb", given: one, run: "ip netns e a echo x",
		ip: side{stdout: "x\n", after: "a: down"},
	},
	{form: "ip netns: a shortened verb", run: "timeout 0.3 ip netns m", ip: side{code: 124}},
	{
		form: "ip netns: a shortened verb, a and at", run: "ip netns a a",
		ip: side{after: "a: down"}, netns: &side{after: "a: up"},
	},
	{
		form: "ip netns: a shortened verb, a and at", run: "ip netns at a",
		ip:    side{code: 1, stderr: "No netns name and PID specified"},
		netns: &side{code: 2, stderr: "attach: wants a name and the number of a process;"},
	},
	{
		form: "ip netns VERB: no such verb", run: "ip netns zz",
		ip:    side{code: 255, stderr: `Command "zz" is unknown, try "ip netns help".`},
		netns: &side{code: 2, stderr: `unknown verb "zz"; see netns --help`},
	},
	{
		form: "ip netns VERB: no such verb", run: "ip netns deletes",
		ip:    side{code: 255, stderr: `Command "deletes" is unknown, try "ip netns help".`},
		netns: &side{code: 2, stderr: `unknown verb "deletes" (did you mean "delete"?);`},
	},
	{
		form: "ip netns VERB: no such verb", run: `ip netns ""`,
		ip:    side{code: 255, stderr: `Command "" is unknown, try "ip netns help".`},
		netns: &side{code: 2, stderr: `unknown verb ""; see netns --help`},
	},
	{
		form: "ip netns VERB: a verb of netns", given: one, run: "ip netns rm a",
		ip:    side{code: 255, stderr: `Command "rm" is unknown, try "ip netns help".`, after: "a: down"},
		netns: &side{},
	},
	{
		form: "netns netns VERB", given: one, run: "ip netns list", ours: "netns netns list",
		ip: side{stdout: "a\n", after: "a: down"},
	},
	{
		form: "ip -batch FILE", given: one + `; printf '\n# c\nnetns list # c\nnetns del \\\na\n' >/srv/batch`,
		run: "ip -b /srv/batch", look: "rm /srv/batch",
		ip: side{stdout: "a\n"},
	},
	{
		form: "ip -batch FILE", given: one, run: "printf 'netns list' | ip -batch -",
		ip: side{stdout: "a\n", after: "a: down"},
	},
	{
		form: "ip -batch FILE", given: one, run: `printf 'netns exec a echo "b  c"\n' | ip -b -`,
		ip: side{stdout: "b  c\n", after: "a: down"},
	},
	{
		form: "ip -batch FILE", given: one, run: `printf 'netns list\n' | ip -j -b -`,
		ip: side{stdout: "[{\"name\":\"a\"}]\n", after: "a: down"},
	},
	{
		form: "ip -batch FILE: a line fails", given: one, run: `printf 'netns del x\nnetns del a\n' | ip -b -`,
		ip:    side{code: 1, stderr: "Command failed -:1", after: "a: down"},
		netns: &side{code: 3, stderr: "Command failed -:1", after: "a: down"},
	},
	{
		form: "ip -batch FILE: a line fails", given: one,
		run:   `printf 'netns exec a sh -c "exit 4"\nnetns del a\n' | ip -b -`,
		ip:    side{code: 1, stderr: "Command failed -:1", after: "a: down"},
		netns: &side{code: 4, stderr: "Command failed -:1", after: "a: down"},
	},
	{
		form: "ip -force -batch FILE: a line fails", given: one,
		run: `printf 'netns del x\nnetns del a\n' | ip -force -b -`,
		ip:  side{code: 1, stderr: "Command failed -:1"}, netns: &side{code: 3, stderr: "Command failed -:1"},
	},
	{
		form: "ip -force -batch FILE: a line fails", given: one,
		run: `printf 'netns del x\nnetns del a\n' | ip -fo -ba -`,
		ip:  side{code: 1, stderr: "Command failed -:1"}, netns: &side{code: 3, stderr: "Command failed -:1"},
	},
	{
		form: "ip -batch FILE: a line without netns", given: one, run: `printf 'list\n' | ip -b -`,
		ip:    side{code: 1, stderr: "Command failed -:1", after: "a: down"},
		netns: &side{stdout: "a\n", after: "a: down"},
	},
	{
		form: "ip -batch FILE: another object", given: one,
		run: `printf 'link show dev lo up type bridge\n' | ip -b -`,
		ip:  side{after: "a: down"}, netns: &side{code: 2, stderr: "Command failed -:1", after: "a: down"},
	},
	{
		form: "ip -batch FILE: no such file", run: "ip -b /nope",
		ip:    side{code: 1, stderr: `Cannot open file "/nope" for reading: No such file`},
		netns: &side{code: 1, stderr: "batch: open /nope: no such file or directory"},
	},
	{
		form: "ip -all -batch FILE", given: one, run: `printf 'netns del\n' | ip -all -b -`,
		ip:    side{},
		netns: &side{code: 2, stderr: "--batch takes no verb; put verbs and their options in the file", after: "a: down"},
	},
	{
		form: "ip -all -batch FILE", given: one, run: `printf 'netns del\n' | ip -all -b -`,
		ours: `printf 'netns -all del\n' | netns -b -`,
		ip:   side{},
	},
	{
		form: "ip: a shortened option", given: one, run: "ip -js netns list",
		ip: side{stdout: "[{\"name\":\"a\"}]\n", after: "a: down"},
	},
	{form: "ip: a shortened option", given: one, run: "ip -a netns del", ip: side{}},
	{
		form: "ip: a shortened option", given: one, run: "ip -al netns exec echo x",
		ip: side{stdout: "\nnetns: a\nx\n", after: "a: down"},
	},
	{
		form: "ip -all netns VERB", given: one, run: "ip -all netns list",
		ip:    side{stdout: "a\n", after: "a: down"},
		netns: &side{stdout: "a\n/proc/1/ns/net\n", after: "a: down"},
	},
	{
		form: "ip -force netns VERB", given: one, run: "ip -force netns list",
		ip:    side{stdout: "a\n", after: "a: down"},
		netns: &side{code: 2, stderr: "--force: only delete and --batch have this option", after: "a: down"},
	},
	{
		form: "ip -netns NAME netns VERB", given: knowing, run: "ip -n a netns list-id",
		ip:    side{stdout: "nsid 77 (iproute2 netns name: b)\n", after: "a: down (id: 7); b: down (id: 8)"},
		netns: &side{code: 2, stderr: `unknown option "-n"; see netns add --help`, after: "a: down (id: 7); b: down (id: 8)"},
	},
	{
		form: "ip -netns NAME netns VERB", given: knowing, run: "ip -n a netns list-id",
		ours: "netns exec --net-only a netns list-id",
		ip:   side{stdout: "nsid 77 (iproute2 netns name: b)\n", after: "a: down (id: 7); b: down (id: 8)"},
	},
}

// ip's own options before netns.
var optionsSideBySide = []comparison{
	{
		form: "ip -4, -6, -br, -c, -d, -iec, -N, -o, -r, -s, -t, -ts netns VERB", given: one,
		run:  eachOption + "ip $o netns list; done",
		ours: eachOption + "netns $o list >/dev/null; netns $o netns list; done",
		ip:   side{stdout: strings.Repeat("a\n", 25), after: "a: down"},
	},
	{
		form: "ip -4, -6, -br, -c, -d, -iec, -N, -o, -r, -s, -t, -ts netns VERB", given: one, run: "ip -o netns", ours: "netns -o netns",
		ip: side{stdout: "a\n", after: "a: down"},
	},
	{
		form: "ip -4, -6, -br, -c, -d, -iec, -N, -o, -r, -s, -t, -ts netns VERB", given: one, run: "ip -o -j netns list",
		ip: side{stdout: "[{\"name\":\"a\"}]\n", after: "a: down"},
	},
	{
		form: "ip -4, -6, -br, -c, -d, -iec, -N, -o, -r, -s, -t, -ts netns VERB", given: one,
		run: "ip -o -4 netns exec a echo -o -4", ip: side{stdout: "-o -4\n", after: "a: down"},
	},
	{
		form: "ip -4, -6, -br, -c, -d, -iec, -N, -o, -r, -s, -t, -ts netns VERB", given: one, run: "ip -o netns del a", ip: side{},
	},
	{
		form: "ip -4, -6, -br, -c, -d, -iec, -N, -o, -r, -s, -t, -ts netns VERB", given: one,
		run: `printf 'netns list\n' | ip -o -d -b -`, ip: side{stdout: "a\n", after: "a: down"},
	},
	{
		form: "ip -4, -6, -br, -c, -d, -iec, -N, -o, -r, -s, -t, -ts netns VERB: a wrong value", run: "ip -c=x netns list",
		ip:    side{code: 255, stderr: `Option "-c=x" is unknown`},
		netns: &side{code: 2, stderr: `unknown option "-c"`},
	},
	{
		form: "ip -h netns VERB", given: one, run: "ip -h netns list", ours: "netns -h netns list",
		ip: side{stdout: "a\n", after: "a: down"},
	},
	{
		form: "ip -h netns VERB", given: one, run: "ip -o -h -d netns list", ours: "netns -o -h -d netns list",
		ip: side{stdout: "a\n", after: "a: down"},
	},
	{
		form: "ip -h netns VERB: without the word netns", given: one, run: "ip -h netns list", ours: "netns -h list | head -n 1",
		ip: side{stdout: "a\n", after: "a: down"}, netns: &side{stdout: "NAME:\n", after: "a: down"},
	},
	{
		form: "ip -o netns VERB: a format", given: one, run: "ip -o netns list", ours: "netns -o name netns list; netns -o table list",
		ip: side{stdout: "a\n", after: "a: down"}, netns: &side{stdout: "a\nNAME  ID  STATE\na     -   ready\n", after: "a: down"},
	},
}

// eachOption begins a loop over options that change nothing. For -h, see its own row.
const eachOption = `for o in -4 -6 -br -c -c=auto -c=always -color=never -d -iec -N -o -r -s -t -ts "-o -d" "-oneline -details" \
	"-brief -resolve -timestamp -tshort" "-human-readable -Numeric" "-o -4 -c=never -stats" "-0 -B -M" "-f inet -o" \
	"-det -on -ti" --oneline "-l 5 -statistics"; do `
