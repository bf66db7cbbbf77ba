// Package stages makes network namespaces in a throwaway child of the calling process.
//
// The parent starts its own executable again. In that child, dispatch happens while packages are initialised: before
// main, and in place of it. One locked thread unshares, runs the stages of the plan and publishes the result; whatever
// it did to its thread ends with the process, so no thread of the parent is ever in another namespace than its own.
// Either half survives the death of the other and rolls back. Many names are shared by several children in one transaction,
// and a [Factory] keeps its children from one transaction to the next.
//
// Programs that embed this should know that what their own packages do when they are initialised, up to the moment
// when the last stage of the plan is registered, happens in the child as well; that the child's standard input and
// output are /dev/null; and that its environment is empty but for what finding shared libraries takes.
//
// This is the machinery. Package netns is the way to use it, unless you write a stage of your own.
package stages
