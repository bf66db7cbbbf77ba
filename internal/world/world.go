// Package world gives tests their own machine. A world has a mount namespace with a fresh /run and a writable /etc, which
// the machine does not see. It has a network namespace, because each one has its own ids of others, and a PID namespace, so that
// no process outlives the tests.
//
// TestMain and programs that measure use worlds. The rest of the package is what tests of several packages share: they run
// commands, start processes, look for leftovers and make system calls fail.
//
// Package world must not import package netns, because the tests of package persist import world.
package world

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"testing"
)

// Variables of the environment that Main sets for the processes of a world.
const (
	propagationVar = "NETNS_TEST_RUN"  // how /run is mounted, "private" or "shared"
	initVar        = "NETNS_TEST_INIT" // marks the world's first process
)

// soakVar is set by make soak.
const soakVar = "NETNS_TEST_SOAK"

// Scratch is the world's own tmpfs.
const Scratch = "/srv"

// Main runs a package's tests in two worlds, with /run private and with /run shared; with -test.short in the first one alone.
// An ordinary user cannot make a world, so Main runs the tests without one, and [Need] skips them. It returns the exit code.
func Main(m *testing.M) int {
	playRole()
	flag.Parse()
	switch {
	case os.Getenv(initVar) != "":
		return beInit()
	case Inside(), flag.Lookup("test.fuzz").Value.String() != "":
		return m.Run()
	case os.Geteuid() != 0:
		if run := flag.Lookup("test.run").Value; run.String() == "" {
			run.Set("^(Test|Fuzz)") // an example cannot skip itself
		}
		return m.Run()
	}
	return both()
}

// both runs the tests in both worlds at once, because tests mostly wait. Benchmarks run in one world after the other. The
// output of the second world follows the output of the first.
func both() (code int) {
	var shared bytes.Buffer
	sharedCode := make(chan int, 1)
	second := func() { sharedCode <- runIn("shared", &shared) }
	if testing.Short() {
		second = func() { sharedCode <- 0 }
	}
	if flag.Lookup("test.bench").Value.String() == "" {
		go second()
		code = runIn("private", os.Stdout)
	} else {
		code = runIn("private", os.Stdout)
		second()
	}
	code = max(code, <-sharedCode)
	os.Stdout.Write(shared.Bytes())
	return code
}

// runIn runs the tests in a new world and copies their output to out.
func runIn(propagation string, out io.Writer) int {
	if testing.Verbose() {
		fmt.Fprintf(out, "with /run %s:\n", propagation)
	}
	if err := enter(propagation, out); err != nil {
		fmt.Fprintf(out, "with /run %s: %v\n", propagation, err)
		return 1
	}
	return 0
}

// Program runs a program's main function in a world, with /run private, and returns the exit code. It needs root.
func Program(main func() int) int {
	switch {
	case os.Getenv(initVar) != "":
		return beInit()
	case Inside():
		return main()
	}
	if err := enter("private", os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "world:", err)
		return 1
	}
	return 0
}

// Inside reports whether this process is in a complete world.
func Inside() bool { return os.Getenv(propagationVar) != "" && os.Getenv(initVar) == "" }

// Shared reports whether the world's /run is a shared mount.
func Shared() bool { return os.Getenv(propagationVar) == "shared" }

// Need skips a test outside of a world, which only root can make. With CI set it fails the test instead.
func Need(t testing.TB) {
	t.Helper()
	need(t, Inside())
}

// NeedRoot skips a test that makes namespaces without a world. With CI set it fails the test instead.
func NeedRoot(t testing.TB) {
	t.Helper()
	need(t, os.Geteuid() == 0)
}

func need(t testing.TB, met bool) {
	t.Helper()
	switch {
	case met:
	case os.Getenv("CI") != "":
		t.Fatal("needs root")
	default:
		t.Skip("needs root")
	}
}

// Rounds returns how often a test repeats its work: small, or full under make soak.
func Rounds(small, full int) int {
	if os.Getenv(soakVar) != "" {
		return full
	}
	return small
}
