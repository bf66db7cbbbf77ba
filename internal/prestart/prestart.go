// Package prestart lets the netns command start a child before it knows which namespaces that child will make. It is no part
// of the API of package stages, because a program gains from it only if it starts the child while its own packages are still
// being initialised.
package prestart

// Child starts a child for the next transaction whose stages are all built in. If the start fails, that transaction tries
// again, and reports the error. The function end ends the child if no transaction has taken it, and must be called before the
// program ends.
//
// Package stages sets Child, so the caller must import that package too. Without it, Child does nothing.
var Child = func() (end func()) { return func() {} }
