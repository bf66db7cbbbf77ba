// Package persist keeps network namespaces: it gives them names in a run directory (/run/netns), finds them there and
// takes the names away again.
//
// A name is a file in the run directory with the namespace bind-mounted onto it, as ip-netns(8) has it. What differs is
// the file: it is a claim. It comes into being without a name, carries a lock and a record of the transaction that
// made it, and is linked to its name only once the namespace is complete. So whoever finds a name without a mount can
// tell whether it is about to be mounted, was left by a crash, or belongs to another mount namespace or another tool.
//
// Everything but reading needs CAP_SYS_ADMIN in the user namespace that owns the mount namespace, and Linux 5.2
// (open_tree(2)). The package changes no namespace of the caller's; what is inside a network namespace is not its
// business. To make one, use package netns.
//
// On other systems than Linux it compiles, and returns an *[UnsupportedError].
package persist
