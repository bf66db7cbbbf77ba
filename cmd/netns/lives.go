package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/netns-go/netns"
)

// A waiting is for the namespaces of some names that are gone.
type waiting struct {
	watch *netns.Witness
	gone  []gone
}

// waitPatience is how long delete --wait is silent about what it waits for. The kernel needs less by itself.
const waitPatience = time.Second

// waitForAll waits until all that was deleted has ended, if that was asked for, and says once what it waits for.
func (d *deletion) waitForAll(ctx context.Context) error {
	if len(d.waits) == 0 {
		return nil
	}
	d.letGo()
	bounded, cancel := ctx, context.CancelFunc(func() {})
	if d.timeout > 0 {
		bounded, cancel = context.WithTimeout(ctx, d.timeout)
	}
	defer cancel()
	patient, cancelPatience := context.WithTimeout(bounded, waitPatience)
	defer cancelPatience()
	left, done, err := d.waitUntil(patient)
	if err == nil && !done && bounded.Err() == nil {
		if holding := d.holding(bounded, left); !d.quiet {
			still, _, _ := d.waitUntil(patient) // a number can have been used again for what has ended since
			d.warn(still, holding)
		}
		left, done, err = d.waitUntil(bounded)
	}
	switch {
	case err != nil, done:
		return err
	case ctx.Err() != nil:
		return fmt.Errorf("delete: %w", context.Cause(ctx))
	}
	return d.late(ctx, left)
}

// late says what has not ended in time.
func (d *deletion) late(ctx context.Context, left []gone) error {
	late := fmt.Sprintf("delete: timed out after %v: ", d.timeout)
	if len(left) == 0 {
		text := late + "the names are gone, but the kernel is still taking the namespaces down"
		return codedError{errors.New(text), codeTimeout}
	}
	holding := d.holding(ctx, left)
	for _, g := range left {
		text := holding[g.ns]
		if text == "" {
			text = "nothing is seen that holds it, so it may be a TCP connection that is closing"
		}
		d.fail(codedError{errors.New(late + printable(g.name) + ": " + livesOn + text), codeTimeout})
	}
	return nil
}

// waitUntil waits for what was deleted. When the context has ended it returns what lives on; done is false also if that is
// nothing, but the kernel is not ready.
func (d *deletion) waitUntil(ctx context.Context) (left []gone, done bool, err error) {
	done = true
	for _, w := range d.waits {
		var namespaces []*netns.Namespace
		for _, g := range w.gone {
			namespaces = append(namespaces, g.ns)
		}
		if len(namespaces) == 0 { // nothing of these was deleted
			continue
		}
		lives, err := w.watch.Wait(ctx, namespaces...)
		if err != nil && ctx.Err() == nil {
			return nil, false, fmt.Errorf("delete: wait: %w", err)
		}
		done = done && err == nil
		for _, g := range w.gone {
			if slices.Contains(lives, g.ns) {
				left = append(left, g)
			}
		}
	}
	return left, done, nil
}

const livesOn = "the name is gone, but the namespace lives on: "

// warn says of each namespace that is held that its name alone is gone.
func (d *deletion) warn(deleted []gone, holding map[*netns.Namespace]string) {
	for _, g := range deleted {
		if text := holding[g.ns]; text != "" {
			d.bar.clear()
			fmt.Fprintf(os.Stderr, "netns: warning: %s\n", escaped(printable(g.name)+": "+livesOn+text))
		}
	}
}

// holding says what holds each of some namespaces whose names are gone, if anything.
func (d *deletion) holding(ctx context.Context, deleted []gone) map[*netns.Namespace]string {
	if len(deleted) == 0 {
		return nil
	}
	var namespaces []*netns.Namespace
	for _, g := range deleted {
		namespaces = append(namespaces, g.ns)
	}
	all, err := netns.Holders(ctx, namespaces...)
	if err != nil && ctx.Err() == nil {
		fmt.Fprintf(os.Stderr, "netns: warning: what holds the namespaces could not be seen: %s\n", escaped(err.Error()))
	}
	if err != nil {
		return nil
	}
	texts := map[*netns.Namespace]string{}
	for i, ns := range namespaces {
		texts[ns] = describeHolders(d.path, all[i])
	}
	return texts
}

// describeHolders names a handful of holders, and says how many there are besides.
func describeHolders(dir string, holders []netns.Holder) string {
	const handful = 5
	holders = slices.DeleteFunc(holders, func(h netns.Holder) bool { return h.PID == os.Getpid() })
	var words []string
	for i, h := range holders {
		if i == handful {
			words = append(words, fmt.Sprintf("and %d more", len(holders)-handful))
			break
		}
		word := h.String()
		if h.Kind == netns.HeldByMount && h.PID == 0 && filepath.Dir(h.Path) == realPath(dir) {
			word = "the name " + printable(filepath.Base(h.Path))
		}
		words = append(words, word)
	}
	return strings.Join(words, ", ")
}

// realPath returns a directory's path without links, as mounts have it.
func realPath(dir string) string {
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	real, err := filepath.Abs(dir)
	if err != nil {
		return dir
	}
	return real
}
