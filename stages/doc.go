// Package stages makes network namespaces in a throwaway child of the calling process. Package netns is the way to use it,
// unless you write a stage of your own.
//
// The parent starts its own executable again. The child dispatches while its packages are initialised, so its main never runs.
// One locked thread of the child unshares, runs the stages of the plan and publishes the result. That thread ends with the
// child, so no thread of the parent ever enters another namespace. If one of the two processes dies, the other one rolls back.
// Several children share the work for many names in one transaction, and a [Factory] keeps its children from one transaction
// to the next.
//
// # What runs in the child
//
// The child is the embedding program's own executable, as privileged as the parent. Go initialises its packages in the usual
// order (by import path, each after its imports) up to the package that registers the last stage of the plan. So the
// initialisers before that point run in the child too, and nothing after it does, main included. Package variables and init
// functions before that point should start no server, start no goroutine that works on namespaces, write to no shared file,
// and not read standard input. Run with GODEBUG=inittrace=1, the parent prints which packages are initialised, in their order.
//
// The child has no arguments. Its environment is empty but for LD_LIBRARY_PATH and, until this package is initialised,
// NETNS_STAGE. Its standard input and output are /dev/null. Descriptor 3 is the socket to the parent, and not for use by other
// code. Working directory, standard error, user and limits are the parent's.
//
// The child has no other descriptor of the parent's. If the parent has descriptors that are not close-on-exec, the child marks
// them and executes itself again, so earlier packages are initialised twice in the same process.
//
// In a c-shared library, in a c-archive, and in a plugin of a program that does not link this package, nothing is started:
// [Run] returns an error. The reason is that such a host, if it were started again, would not initialise this package first.
package stages
