// Package stages makes network namespaces in a throwaway child of the calling process.
//
// The parent starts its own executable again. In that child, dispatch happens while packages are initialised: before
// main, and in place of it. One locked thread unshares, runs the stages of the plan and publishes the result; whatever
// it did to its thread ends with the process, so no thread of the parent is ever in another namespace than its own.
// Either half survives the death of the other and rolls back. Many names are shared by several children in one transaction,
// and a [Factory] keeps its children from one transaction to the next.
//
// # What runs in the child
//
// Programs that embed this should know that the child is their own executable, as privileged as the parent: its packages
// are initialised in Go's order (by import path, each after what it imports) up to the one that registers the last stage
// of the plan. So what comes before that runs in the child as well, and nothing that comes after, main included. Package
// variables and init functions that come before should start no server and no goroutine that works on namespaces, write
// to no shared file, and not read standard input. GODEBUG=inittrace=1 shows, in the parent, what is initialised and in
// which order.
//
// The child has no arguments; its environment is empty but for LD_LIBRARY_PATH and, until this package is initialised,
// NETNS_STAGE; its standard input and output are /dev/null; and its descriptor 3 is the socket to the parent, not to be
// touched. It has no other descriptor of the parent's: if one is not close-on-exec there, the child marks it so and
// starts itself anew, so that the packages that come before are initialised twice in the same process. Its working
// directory, standard error, user and limits are the parent's.
//
// Where this package is initialised by anything else than the start of a Go program (in a c-shared library, a c-archive,
// or a plugin of a program that does not link it), nothing is started: [Run] returns an error.
//
// This is the machinery. Package netns is the way to use it, unless you write a stage of your own.
package stages
