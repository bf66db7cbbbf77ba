// Empty does nothing: what any program costs that Go starts.
package main

func main() {}
