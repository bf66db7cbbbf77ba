package main

import (
	"strings"
	"testing"

	"github.com/netns-go/netns/cmd/netns/internal/line"
)

func TestArrange(t *testing.T) {
	app := newApp(false)
	for args, want := range map[string]string{
		"":                                    "",
		"create a":                            "create -- a",
		"create a -v b":                       "-v create -- a b",
		"create a --dir /x b":                 "--dir /x create -- a b",
		"--dir=/x create a":                   "--dir=/x create -- a",
		"create --address 10.0.0.1/8 a":       "create --address 10.0.0.1/8 -- a",
		"create a --address 10.0.0.1/8":       "create --address 10.0.0.1/8 -- a",
		"create a --sysctl net.x=1 --verify":  "create --sysctl net.x=1 --verify -- a",
		"create --sysctl=net.x=1 a":           "create --sysctl=net.x=1 -- a",
		"create a -- -v":                      "create -- a -v",
		"create -- --help":                    "create -- --help",
		"create a --help":                     "create --help --",
		"del a":                               "delete -- a",
		"list -o json":                        "list -o json --",
		"exec a ls -v --dir x":                "exec -- a ls -v --dir x",
		"exec a -- ls -- -v":                  "exec -- a -- ls -- -v",
		"exec --dir /x a ls -o":               "--dir /x exec -- a ls -o",
		"exec -- -a ls":                       "exec -- -a ls",
		"-v exec a -v":                        "-v exec -- a -v",
		"exec --all ls -v":                    "exec --all -- ls -v",
		"exec --all --jobs 2 -- ls -v":        "exec --all --jobs 2 -- ls -v",
		"-all exec ls -v":                     "exec -all -- ls -v",
		"exec --user u:g a ls --user x":       "exec --user u:g -- a ls --user x",
		"run ls -v":                           "run -- ls -v",
		"run --address 10.0.0.1/32 -- ls -v":  "run --address 10.0.0.1/32 -- ls -v",
		"run -v -- -x --":                     "-v run -- -x --",
		"run --loopback=false ls run -j":      "run --loopback=false -- ls run -j",
		"nope a -v":                           "nope a -v",
		"--nope create a":                     "create --nope -- a",
		"create a --nope":                     "create --nope -- a",
		"create - a":                          "create -- - a",
		"create a --timeout":                  "",
		"create delete base --dir":            "",
		"list -o":                             "",
		"-o json list":                        "list -o json --",
		"-o json nope":                        "list -o json -- nope",
		"-o json":                             "list -o json --",
		"-v --output=json":                    "-v list --output=json --",
		"help create":                         "help create",
		"set a -3":                            "set -- a -3",
		"hel":                                 "help",
		"netns add a":                         "add -- a",
		"add netns":                           "add -- netns",
		"netns netns":                         "netns",
		"s":                                   "list --",
		"lst":                                 "list --",
		"d a":                                 "delete -- a",
		"cre a":                               "cre a",
		"-all delete":                         "delete -all --",
		"-a delete":                           "delete -all --",
		"-al -js -f list":                     "-json list -all -f --",
		"delete -a":                           "delete -a --",
		"-fo --ba x":                          "-force -batch x",
		"-force del a":                        "delete -force -- a",
		"create --verify false a":             "",
		"create a --loopback NO":              "",
		"--verify 0 create a":                 "",
		"create --verify=no a":                "",
		"create a --verify -- false":          "create --verify -- a false",
		"create -q false":                     "-q create -- false",
		"create false":                        "create -- false",
		"run --net-only false":                "run --net-only -- false",
		"run --verify false":                  "",
		"exec --all true":                     "exec --all -- true",
		"exec --net-only true":                "exec --net-only -- true",
		"attach a --own 1":                    "attach --own -- a 1",
		"attach --own yes 1":                  "",
		"identify --json 1":                   "--json identify -- 1",
		"--quiet create a -q --dir x --dir=y": "-q --dir=y create -- a",
		"create --address x --address y":      "create --address x --address y --",
		"help --help":                         "help",
		"--frobnicate":                        "--frobnicate",
	} {
		arranged, _, err := line.Arrange(app, append([]string{"netns"}, strings.Fields(args)...))
		if got := strings.Join(arranged[min(1, len(arranged)):], " "); got != want || (err != nil) != (want == "" && args != "") {
			t.Errorf("%q became %q, %v, want %q", args, got, err, want)
		}
	}
}
