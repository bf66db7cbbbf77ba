// Dockerembed has its own re-exec by docker's package, which forwards to the module that netns uses. The program starts itself
// again by both.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/docker/docker/pkg/reexec"
	"github.com/netns-go/netns"
	_ "github.com/netns-go/netns/integration/hosts/starts"
)

const own = "dockerembed-own"

func main() {
	reexec.Register(own, func() { fmt.Println(own) })
	if reexec.Init() {
		return
	}
	if err := work(); err != nil {
		fmt.Fprintln(os.Stderr, "dockerembed:", err)
		os.Exit(1)
	}
}

func work() error {
	if err := netns.Create(context.Background(), []string{"demo"}, netns.Options{}); err != nil {
		return err
	}
	cmd := reexec.Command(own)
	cmd.Stdout = os.Stdout
	return cmd.Run()
}
