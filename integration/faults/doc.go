//go:build amd64

// Faults is the fault matrix: it breaks the netns command at every system call that it makes, in every way that the
// kernel or a killer could, and looks at what is left.
//
// It is a tracer of its own (ptrace(2)) and not a run of strace(1): strace counts calls by thread and injects into
// parent and child alike, so "the child's third close of the socket" cannot be said to it, and it neither kills
// between a call and the next nor both processes at once. What is broken here is named by process, call, argument and
// occurrence, and is hit exactly.
//
// It knows the registers of amd64 only. Needs root; everything happens in mount and PID namespaces of its own.
// docs/faults.md says how to read what it prints.
package main
