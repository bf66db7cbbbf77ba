// Package holders finds what keeps network namespaces alive, and can kill the processes inside.
//
// A network namespace lives as long as a process is inside, a descriptor or a mount holds it, or a socket was made in it. [Of]
// returns all of these, [Processes] and [InUse] only the processes, with less work. [Kill] ends the processes. A [Witness] waits
// until the kernel has taken a namespace down.
//
// Package holders reads /proc, so it finds what /proc shows to the caller. [CheckSight] returns an error if /proc hides processes.
package holders
