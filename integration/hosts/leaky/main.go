// Leaky has a pipe and a listener open, not close-on-exec, when it starts a Factory's child.
package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/integration/hosts/own"
	_ "github.com/netns-go/netns/integration/hosts/starts" // records each start
	"github.com/netns-go/netns/stages"
)

// A note is a stage that writes to the child's own file.
type note struct{ stages.Inside }

func (note) Do(t *stages.Target) error {
	_, err := syscall.Write(own.File, []byte(t.Name+"\n"))
	return err
}

func init() {
	stages.Register("leaky.note", func([]byte) (stages.Stage, error) { return note{}, nil })
}

func main() {
	ctx := context.Background()
	var pipe [2]int
	must(syscall.Pipe(pipe[:]))
	address, listener := listen()
	factory, err := netns.NewFactory(ctx, netns.Options{Steps: []netns.Step{{Stage: "leaky.note"}}}, 1)
	must(err)
	defer factory.Close()
	must(factory.Create(ctx, "demo"))

	must(syscall.Close(pipe[1]))
	ended := make(chan error)
	go func() {
		_, err := syscall.Read(pipe[0], make([]byte, 1))
		ended <- err
	}()
	select {
	case err := <-ended:
		must(err)
	case <-time.After(5 * time.Second):
		fmt.Println("the pipe has no end while the child lives")
	}
	must(syscall.Close(listener))
	if conn, err := net.Dial("tcp", address); err == nil {
		fmt.Println("the listener is open while the child lives")
		conn.Close()
	}
	must(factory.Create(ctx, "second"))
}

// listen returns a listener that processes inherit, and its address.
func listen() (string, int) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	raw, err := l.(*net.TCPListener).SyscallConn()
	must(err)
	fd := -1
	must(raw.Control(func(other uintptr) { fd, err = syscall.Dup(int(other)) })) // dup(2) clears close-on-exec
	must(err)
	must(l.Close())
	return l.Addr().String(), fd
}

func must(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}
