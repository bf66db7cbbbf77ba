// Opener opens a plugin, its first argument. The plugin deletes the namespace "there" and makes two. With the build tag linked,
// opener embeds netns itself, and shares the package with the plugin.
package main

import (
	"fmt"
	"os"
	"plugin"

	_ "github.com/netns-go/netns/integration/hosts/starts"
)

// The plugin is opened before main, when its initialisers look like the program's own.
var opened, err = plugin.Open(os.Args[1])

func main() {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	remove, _ := opened.Lookup("Delete")
	create, _ := opened.Lookup("Create")
	fmt.Println("delete:", remove.(func(string) error)("there"))
	fmt.Println("create:", create.(func(string, bool) error)("made", false))
	fmt.Println("its own stage:", create.(func(string, bool) error)("other", true))
}
