//go:build linux && (amd64 || arm64)

// Worlds runs every verb of the netns command in surroundings that are not its own: containers, services, chroots, user
// namespaces, filters. A table says what must come out: the exit code, what is left in the run directory, and that the
// namespaces of others live.
//
// Each world is run by a host of its own, the first process of a PID, mount and network namespace with a fresh /run. The
// host makes the bystanders: a namespace each by netns and by ip netns before the world begins, and another two after that.
// A process sleeps in each of them. Then the host starts the world's first process, which runs the commands, and the host
// looks after each command at the run directory as the world sees it, and at the bystanders as the host sees them.
//
// verbs.go has the rows and what comes out in a plain world, worlds.go has the worlds and what is different there.
// docs/worlds.md is written from both. It needs root and ip(8).
package main
