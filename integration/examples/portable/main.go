// Portable compiles for every system: it serves from a network namespace where there are any, and says so where not.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/persist"
	"github.com/netns-go/netns/rollback"
	"github.com/netns-go/netns/stages"
)

func main() {
	var unsupported *netns.UnsupportedError
	var left *rollback.UndoError
	switch err := serve(context.Background(), "10.1.2.3:80"); {
	case errors.As(err, &unsupported):
		fmt.Println("no network namespaces here:", unsupported)
	case errors.As(err, &left):
		log.Fatalf("%v; to be done by hand: undo %s", err, left.Step)
	case err != nil:
		log.Fatal(err)
	}
}

// serve makes a namespace in which the address can be listened on, and connects to it there.
func serve(ctx context.Context, listen string) (err error) {
	if err := persist.CheckName("demo"); err != nil {
		return err
	}
	o := netns.Options{Steps: []netns.Step{stages.Address("10.1.2.3/32"), {Stage: "example.listen", Args: []byte(listen)}}}
	ns, err := netns.New(ctx, "demo", o)
	if err != nil {
		return err
	}
	defer ns.Close()
	defer func() { err = errors.Join(err, ns.Delete(ctx)) }()
	listener, err := ns.Listen(ctx, "tcp", listen)
	if err != nil {
		return err
	}
	defer listener.Close()
	client, err := ns.DialContext(ctx, "tcp", listen)
	if err != nil {
		return err
	}
	defer client.Close()
	fmt.Println("connected to", client.RemoteAddr(), "in", ns.Path())
	return nil
}

// A canListen is a stage that fails where an address cannot be listened on.
type canListen struct {
	stages.Inside
	address string
}

func init() {
	stages.Register("example.listen", func(args []byte) (stages.Stage, error) {
		if _, _, err := net.SplitHostPort(string(args)); err != nil {
			return nil, &stages.ArgumentError{Stage: "example.listen", Argument: string(args), Reason: err.Error()}
		}
		return canListen{address: string(args)}, nil
	})
}

func (c canListen) Do(*stages.Target) error {
	listener, err := net.Listen("tcp", c.address)
	if err != nil {
		return err
	}
	return listener.Close()
}
