//go:build linux

package netns_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"

	"github.com/netns-go/netns"
)

// Make a namespace, listen in it, and delete it.
func Example() {
	ctx := context.Background()
	ns, err := netns.New(ctx, "example", netns.Options{Addresses: []string{"10.1.2.3/32"}})
	if err != nil {
		log.Fatal(err)
	}
	defer ns.Close()
	defer ns.Delete(ctx)
	listener, err := ns.Listen(ctx, "tcp", "10.1.2.3:80") // port 80 of this namespace
	if err != nil {
		log.Print(err)
		return
	}
	defer listener.Close()
	fmt.Println(listener.Addr())
	// Output: 10.1.2.3:80
}

// Several namespaces are one transaction: if one cannot be made, none is.
func ExampleCreate() {
	ctx := context.Background()
	if err := netns.Create(ctx, []string{"red"}, netns.Options{}); err != nil {
		log.Fatal(err)
	}
	defer netns.Delete(ctx, "red", netns.DeleteOptions{})
	err := netns.Create(ctx, []string{"green", "red"}, netns.Options{})
	var taken *netns.StateError
	if errors.As(err, &taken) {
		fmt.Println(taken.Name, "is", taken.State)
	}
	_, err = netns.Open("green")
	fmt.Println(errors.Is(err, fs.ErrNotExist))
	// Output:
	// red is ready
	// true
}

// A container tool uses its own directory, leaves lo down, and replaces what an earlier run left.
func ExampleNewAt() {
	ctx := context.Background()
	if err := os.Mkdir("/run/tool", 0o755); err != nil {
		log.Fatal(err)
	}
	ns, err := netns.NewAt(ctx, "/run/tool/c0ffee", netns.Options{NoLoopback: true, Replace: true})
	if err != nil {
		log.Fatal(err)
	}
	defer ns.Close()
	fmt.Println(ns.Path()) // for the container runtime
	fmt.Println(netns.DeleteAt(ctx, ns.Path(), netns.DeleteOptions{}))
	// Output:
	// /run/tool/c0ffee
	// <nil>
}

// Give the namespace of a process a name, so that it stays when the process ends.
func ExampleOptions_from() {
	ctx := context.Background()
	process := exec.Command("unshare", "--net", "sh", "-c", "echo; read line")
	stdin, _ := process.StdinPipe()
	stdout, _ := process.StdoutPipe()
	if err := process.Start(); err != nil {
		log.Fatal(err)
	}
	stdout.Read(make([]byte, 1)) // it is inside
	from, err := netns.OpenPID(process.Process.Pid)
	if err != nil {
		log.Fatal(err)
	}
	defer from.Close()
	pinned, err := netns.New(ctx, netns.RandomName("pinned-"), netns.Options{From: from})
	if err != nil {
		log.Fatal(err)
	}
	defer pinned.Close()
	defer pinned.Delete(ctx)
	stdin.Close()
	process.Wait()
	fmt.Println(pinned.ID() == from.ID())
	// Output: true
}

// Run a command inside.
func ExampleNamespace_Start() {
	ctx := context.Background()
	ns, err := netns.New(ctx, "example", netns.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer ns.Close()
	defer ns.Delete(ctx)
	cmd := exec.CommandContext(ctx, "ip", "-oneline", "-family", "inet", "address")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := ns.Start(cmd); err != nil {
		log.Print(err)
		return
	}
	fmt.Println(cmd.Wait())
	// Output:
	// 1: lo    inet 127.0.0.1/8 scope host lo\       valid_lft forever preferred_lft forever
	// <nil>
}

// Reach an HTTP server inside with an HTTP client outside.
func ExampleNamespace_DialContext() {
	ctx := context.Background()
	ns, err := netns.New(ctx, "example", netns.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer ns.Close()
	defer ns.Delete(ctx)
	listener, err := ns.Listen(ctx, "tcp", "127.0.0.1:80")
	if err != nil {
		log.Print(err)
		return
	}
	server := &http.Server{Handler: http.NotFoundHandler()}
	go server.Serve(listener)
	defer server.Close()
	client := http.Client{Transport: &http.Transport{DialContext: ns.DialContext, DisableKeepAlives: true}}
	reply, err := client.Get("http://localhost/")
	if err != nil {
		log.Print(err)
		return
	}
	reply.Body.Close()
	fmt.Println(reply.Status)
	// Output: 404 Not Found
}

// Run a function on a thread that is inside: here it lists the interfaces.
func ExampleNamespace_Do() {
	ctx := context.Background()
	ns, err := netns.New(ctx, "example", netns.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer ns.Close()
	defer ns.Delete(ctx)
	err = ns.Do(ctx, func() error {
		links, err := net.Interfaces()
		for _, link := range links {
			fmt.Println(link.Name, link.Flags)
		}
		return err
	})
	fmt.Println(err)
	// Output:
	// lo up|loopback|running
	// <nil>
}

// For thousands of namespaces, a Factory keeps its children.
func ExampleFactory() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel() // this also closes the factory
	factory, err := netns.NewFactory(ctx, netns.Options{}, 2)
	if err != nil {
		log.Fatal(err)
	}
	for range 3 {
		if err := factory.Create(ctx, "a", "b"); err != nil {
			log.Fatal(err)
		}
		for _, name := range []string{"a", "b"} {
			if err := netns.Delete(ctx, name, netns.DeleteOptions{}); err != nil {
				log.Fatal(err)
			}
		}
	}
	factory.Close()
	// Output:
}

func ExampleList() {
	ctx := context.Background()
	if err := netns.Create(ctx, []string{"blue", "green"}, netns.Options{}); err != nil {
		log.Fatal(err)
	}
	for entry, err := range netns.List() {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(entry.Name, entry.State)
		if err := netns.Delete(ctx, entry.Name, netns.DeleteOptions{}); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// blue ready
	// green ready
}

// Watch reports namespaces that any tool makes or deletes.
func ExampleDir_Watch() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if err := netns.Create(ctx, []string{"here"}, netns.Options{}); err != nil {
		log.Fatal(err)
	}
	dir, err := netns.OpenDir("")
	if err != nil {
		log.Fatal(err)
	}
	defer dir.Close()
	for change, err := range dir.Watch(ctx, netns.WatchOptions{Existing: true}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(change.Name, change.Added)
		if !change.Added {
			break
		}
		if err := netns.Delete(ctx, change.Name, netns.DeleteOptions{}); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// here true
	// here false
}
