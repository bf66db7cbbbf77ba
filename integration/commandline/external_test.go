package commandline

import (
	"os"
	"strings"
	"testing"

	"github.com/netns-go/netns/internal/world"
)

// netns runs an external command from PATH if no verb has the name, and tells it the run directory and its own path. Root runs it only if
// no other user can change it.
func TestExternalCommands(t *testing.T) {
	world.Clean(t)
	const prepare = `mkdir -p /run/bin; export PATH=/run/bin:$PATH
		printf '#!/bin/sh\necho external "$0" "$@" "$NETNS_RUN_DIR"; "$NETNS_BIN" version | cut -c1-5; exit 3' >/run/bin/netns-foo
		chmod 755 /run/bin/netns-foo; cp /run/bin/netns-foo /run/bin/netns-list; `
	defer os.RemoveAll("/run/bin")
	if r := world.Sh(t, prepare+"netns help foo").Want(t, 3); !strings.HasPrefix(r.Stdout, "external /run/bin/netns-foo --help /run/netns\n") {
		t.Error(r)
	}
	r := world.Sh(t, prepare+"netns foo -v --dir x -- y").Want(t, 3)
	if r.Stdout != "external /run/bin/netns-foo -v --dir x -- y /run/netns\nnetns\n" {
		t.Error(r)
	}
	if r := world.Sh(t, prepare+"netns --dir /run/other foo").Want(t, 3); !strings.HasPrefix(r.Stdout, "external /run/bin/netns-foo /run/other\n") {
		t.Error(r)
	}
	if r := world.Sh(t, prepare+"netns list").Want(t, 0); r.Stdout != "" { // the verb wins
		t.Error(r)
	}
	if r := world.Sh(t, prepare+"netns help").Want(t, 0); !strings.Contains(r.Stdout, "EXTERNAL COMMANDS (netns-NAME on PATH):\n   foo") {
		t.Error(r)
	}
	// Root may link to the program, which still sees the name of the link.
	if r := world.Sh(t, prepare+"mv /run/bin/netns-foo /run/bin/real; ln -s real /run/bin/netns-foo; netns foo").Want(t, 3); !strings.HasPrefix(r.Stdout, "external /run/bin/netns-foo ") {
		t.Error(r)
	}
	os.RemoveAll("/run/bin")
	for _, spoil := range []string{"chmod o+w /run/bin/netns-foo", "chmod g+w /run/bin/netns-foo", "chmod 777 /run/bin", "chown 65534 /run/bin/netns-foo",
		"mkdir -m 777 /run/bin/x; mv /run/bin/netns-foo /run/bin/x; ln -s x/netns-foo /run/bin/netns-foo",
		"mkdir /run/bin/x; mv /run/bin/netns-foo /run/bin/real; ln -s ../real /run/bin/x/l; chown -h 65534 /run/bin/x/l; ln -s x/l /run/bin/netns-foo"} {
		if r := world.Sh(t, prepare+spoil+"; netns foo").Want(t, 1, "not to be trusted"); r.Stdout != "" {
			t.Error(r)
		}
		// An ordinary user may run it.
		world.Sh(t, "PATH=/run/bin:$PATH "+world.Nobody+"netns foo").Want(t, 3)
		os.RemoveAll("/run/bin")
	}
	world.Sh(t, "cd /run; mkdir bin; "+prepare+"PATH=bin:$PATH; PATH=${PATH#/run/bin:}; netns foo").Want(t, 2, `unknown verb "foo"`)
	world.Run(t, "netns", "../foo").Want(t, 2, "unknown verb")
}
