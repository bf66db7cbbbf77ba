// Embedder has much that could go wrong in a child: its own re-exec, its own stages, and a main that reads standard input and
// starts the program again.
package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/moby/sys/reexec"
	"github.com/netns-go/netns"
	"github.com/netns-go/netns/integration/hosts/between"
	_ "github.com/netns-go/netns/integration/hosts/starts"
	"github.com/netns-go/netns/integration/teststage"
	"github.com/netns-go/netns/stages"
)

const (
	own       = "embedder-own" // an entry point
	late      = "embedder.late"
	sometimes = "embedder.sometimes"
)

// A mistake on purpose: the condition is false in a child, which has no arguments.
func init() {
	if len(os.Args) > 1 {
		stages.Register(sometimes, nothing)
	}
}

type none struct{ stages.Inside }

func nothing([]byte) (stages.Stage, error) { return none{}, nil }

func (none) Do(*stages.Target) error { return nil }

func main() {
	reexec.Register(own, func() { fmt.Println(own) })
	if reexec.Init() {
		return
	}
	stages.Register(late, nothing)
	if err := work(os.Args); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", os.Args[0], err)
		os.Exit(1)
	}
}

func work(args []string) error {
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	for _, entryPoint := range []string{between.Own, own} {
		cmd := reexec.Command(entryPoint)
		cmd.Stdout = os.Stdout
		if err := cmd.Run(); err != nil {
			return err
		}
	}
	step := teststage.Step("mark .")
	if last := args[len(args)-1]; last == late || last == sometimes {
		step = stages.Step{Stage: last}
	}
	return netns.Create(context.Background(), []string{"demo"}, netns.Options{Steps: []netns.Step{step}})
}
