//go:build amd64

// Faults is the fault matrix: it breaks the netns command at every system call that the command makes, in every way that the
// kernel or a killer could, and looks at the leftovers.
//
// It is its own tracer (ptrace(2)), because strace(1) counts calls by thread and injects into parent and child alike. So strace
// cannot break "the child's third close of the socket", and it kills neither between two calls nor both processes at once. Faults
// names a call by process, call, argument and occurrence, and hits it exactly.
//
// It knows the registers of amd64 only. It needs root, and runs in its own mount and PID namespaces. docs/faults.md explains
// its output.
package main
