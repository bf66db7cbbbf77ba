package main

import (
	"context"
	"log"
	"net"

	"github.com/netns-go/netns"
)

func main() {
	ctx := context.Background()
	if err := netns.Create(ctx, []string{"demo"}, netns.Options{}); err != nil {
		log.Fatal(err)
	}
	defer netns.Delete(ctx, "demo", netns.DeleteOptions{})
	ns, err := netns.Open("", "demo")
	if err != nil {
		log.Print(err)
		return
	}
	defer ns.Close()
	log.Print(ns.Do(func() error {
		_, err := net.Listen("tcp", "127.0.0.1:80") // a socket stays where it was made
		return err
	}))
}
