//go:build linux

package holders

import (
	"strings"
	"syscall"
	"testing"
)

// The name of a process may contain anything. A signal counts as lost only if that is certain.
func TestProcStat(t *testing.T) {
	const forked, term = "4194368", "16384"
	stat := func(flags, blocked, ignored, caught string) procStat {
		fields := strings.Fields("S 1 2 3 4 5 FLAGS 7 8 9 10 11 12 13 14 15 16 17 18 4711 20 21 22 23 24 25 26 27 28 BLOCKED IGNORED CAUGHT 32")
		text := strings.NewReplacer("FLAGS", flags, "BLOCKED", blocked, "IGNORED", ignored, "CAUGHT", caught).Replace(strings.Join(fields, " "))
		return parseStat("12 (a) R 1 (b) " + text + "\n")
	}
	before := stat(forked, "0", "0", term)
	if want := (procStat{started: "4711", forked: true, caught: 1 << (syscall.SIGTERM - 1)}); before != want {
		t.Errorf("got %+v, want %+v", before, want)
	}
	executed := stat("4194304", "0", "0", term)
	for _, test := range []struct {
		before procStat
		now    procStat
		signal syscall.Signal
		lost   bool
	}{
		{before, before, syscall.SIGTERM, false},
		{before, before, syscall.SIGHUP, true}, // its default action ends the process
		{before, stat(forked, "0", "0", "0"), syscall.SIGTERM, true},
		{before, executed, syscall.SIGTERM, true},
		{executed, executed, syscall.SIGTERM, false},
		{executed, stat("4194304", "0", "0", "0"), syscall.SIGTERM, true},
		{executed, stat("4194304", "0", term, "0"), syscall.SIGTERM, false},
		{executed, stat("4194304", term, "0", "0"), syscall.SIGTERM, false}, // signalfd may have read it
		{executed, stat("4194304", "0", "0", "0"), 40, false},
	} {
		if got := test.now.lost(test.before, test.signal); got != test.lost {
			t.Errorf("%+v, then %+v, %v: lost is %v", test.before, test.now, test.signal, got)
		}
	}
	if got := parseStat("12 ("); got != (procStat{}) {
		t.Errorf("half a stat: %+v", got)
	}
}
