// Package persist keeps network namespaces: it gives them names in a run directory (/run/netns), finds them there and
// removes the names.
//
// A name is a file in the run directory with the namespace bind-mounted onto it, as ip-netns(8) describes it. Only the file
// differs: it is a claim. The kernel makes it without a name. It carries a lock and a record of the transaction that made it,
// and gets its name only when the namespace is complete. So a process that finds a name without a mount can tell why: a
// transaction is about to mount it, a crash left it, or it belongs to another mount namespace or another tool.
//
// Everything except reading needs CAP_SYS_ADMIN in the user namespace that owns the mount namespace, and Linux 5.2
// (open_tree(2)). The package never changes the caller's namespaces and never looks into a network namespace. To make one,
// use package netns.
//
// On other systems the package compiles, and every function returns an *[UnsupportedError].
package persist
