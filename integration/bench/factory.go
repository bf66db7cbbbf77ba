package main

import (
	"context"
	"fmt"
	"sync"

	"github.com/netns-go/netns"
)

// factoryLine returns the line of a Factory with this number of callers, each of which makes one namespace after another.
func (b *bench) factoryLine(callers int, must, stretch float64) *line {
	n := b.size(100, 4)
	return &line{
		ours: fmt.Sprintf("`Factory`, callers: %d, verified, each", callers), peer: "the floor, one thread",
		there: few, rounds: b.size(30, 2), per: n, must: must, stretch: stretch,
		sides: [3]side{b.factory(callers, n), b.floored(n)},
	}
}

// factory returns a side that makes n namespaces by a Factory's waiting children.
func (b *bench) factory(callers, n int) side {
	f, err := netns.NewFactory(context.Background(), netns.Options{}, callers)
	return func() (func() error, error) {
		names := make(chan string, n)
		for _, name := range b.names(n) {
			names <- name
		}
		close(names)
		return func() error {
			errs := make([]error, callers)
			var all sync.WaitGroup
			for i := range callers {
				all.Go(func() {
					for name := range names {
						if errs[i] = f.Create(context.Background(), name); errs[i] != nil {
							return
						}
					}
				})
			}
			all.Wait()
			for _, failed := range errs {
				if failed != nil {
					return failed
				}
			}
			return nil
		}, err
	}
}
