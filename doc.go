// Package netns makes, finds, enters and deletes persistent network namespaces.
//
// [New] and [Create] make namespaces. A namespace gets its name only when it is complete: its loopback interface is up and
// verified, and every step of the [Options] has succeeded. If a step fails, Create rolls back. If the program is killed,
// its child process rolls back. If something cannot be undone, the error holds an *[UndoError]. If both processes are killed
// while the names are being given, a name can be left, which the next Create of that name repairs.
//
// A namespace is a name in a run directory with the namespace mounted onto it, as ip-netns(8) has it. It stays until it is
// deleted or the machine stops. For a namespace that ends with the program, use [Unshare].
//
// A program names a run directory once, with [OpenDir]. What it does there is a method of [Dir]. The package's functions Create, New,
// NewFactory, List, Open and Delete do the same in [DefaultDir], which ip-netns(8) uses too.
//
// A [Namespace] is open. A program enters it with [Namespace.Do], starts commands in it with [Namespace.Start], and connects
// and listens in it with [Namespace.DialContext] and [Namespace.Listen]. No thread stays inside, and no other goroutine gets
// a thread that is inside. Package [github.com/netns-go/netns/holders] finds what keeps a namespace alive, and can kill
// the processes inside.
//
// # The child
//
// Create starts the program's own executable again. This child makes the namespaces and ends, so no thread of the program
// changes its namespace. Package [github.com/netns-go/netns/stages] says what this asks of a program, and how to add steps.
//
// # Privileges
//
// Making and deleting needs CAP_SYS_ADMIN, bringing up lo CAP_NET_ADMIN, and verifying it CAP_NET_RAW. Listing and opening
// need no privilege; entering needs CAP_SYS_ADMIN. If a capability is missing, the function returns a *[PrivilegeError].
//
// # Errors
//
// errors.As finds the types whose names end in Error; an error may hold several of them. errors.Is finds the standard errors
// that the types match, and the errno of the system call that failed. If a context ends, the error is its cause. The error of a
// closed [Namespace], [Dir] or [Factory] matches os.ErrClosed.
//
// Types of packages persist, stages and rollback are aliases here. Their comments list the fields.
//
// # Other systems
//
// The package compiles on every system, so a program that also runs elsewhere needs no build tags. On other systems than Linux,
// all that needs Linux returns an *[UnsupportedError].
package netns
