package main

import (
	"context"
	"errors"
	"log"
	"os"
	"os/exec"

	"github.com/netns-go/netns"
)

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) (err error) {
	ns, err := netns.New(ctx, "demo", netns.Options{})
	if err != nil {
		return err
	}
	defer ns.Close()
	defer func() { err = errors.Join(err, ns.Delete(ctx)) }()

	listener, err := ns.Listen(ctx, "tcp", "127.0.0.1:80") // port 80 of this namespace
	if err != nil {
		return err
	}
	defer listener.Close()
	cmd := exec.Command("ss", "-Hltn") // sees it
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := ns.Start(cmd); err != nil {
		return err
	}
	return cmd.Wait()
}
