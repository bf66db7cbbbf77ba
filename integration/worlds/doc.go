//go:build linux && (amd64 || arm64)

// Worlds runs every verb of the netns command in unusual surroundings: containers, services, chroots, user namespaces and
// filters. It compares with a table the exit codes, the names in the run directory, and the surviving namespaces of others.
//
// Each world has a host: the first process of a PID, mount and network namespace with a fresh /run. The host makes the
// bystanders, two before the world begins and two after that, by netns and by ip netns, with a process in each. It starts
// the world's first process, which runs the commands. After each command the host looks at the run directory as the world
// sees it, and at the bystanders as the host sees them.
//
// verbs.go has the rows, with their results in a plain world. worlds.go has the worlds, with the results that differ there. The
// program writes docs/worlds.md from both. It needs root and ip(8).
package main
