package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/cmd/netns/internal/term"
	"github.com/netns-go/netns/holders"
)

// waitPatience is how long delete --wait waits silently. Without a holder, the kernel needs less.
const waitPatience = time.Second

// waitForAll waits, with --wait, until all deleted namespaces have ended. It warns once of what holds them.
func (d *deletion) waitForAll() error {
	if len(d.waits) == 0 {
		return nil
	}
	d.letGo()
	const forever = math.MaxInt64
	bounded, cancel := context.WithTimeout(d.ctx, cmp.Or(d.timeout, forever))
	defer cancel()
	patient, cancelPatience := context.WithTimeout(bounded, waitPatience)
	defer cancelPatience()
	left, done, err := d.waitUntil(patient)
	if err == nil && !done && bounded.Err() == nil {
		if holding := d.holding(bounded, left); !d.quiet {
			still, _, _ := d.waitUntil(patient) // an ended namespace's number may be another's now
			d.warn(still, holding)
		}
		left, done, err = d.waitUntil(bounded)
	}
	switch {
	case err != nil, done:
		return err
	case d.ctx.Err() != nil:
		return fmt.Errorf("delete: %w", context.Cause(d.ctx))
	}
	return d.late(left)
}

// late reports the namespaces that have not ended in time. The error, if any, has not been reported.
func (d *deletion) late(left []gone) error {
	late := fmt.Sprintf("delete: timed out after %v: ", d.timeout)
	if len(left) == 0 {
		text := late + "the names are gone, but the kernel is still taking the namespaces down"
		return codedError{errors.New(text), codeTimeout}
	}
	holding := d.holding(d.ctx, left)
	for _, g := range left {
		text := cmp.Or(holding[g.ns], "netns sees no holder; perhaps a TCP connection is still closing")
		d.fail(codedError{errors.New(late + term.Printable(g.name) + ": " + livesOn + text), codeTimeout})
	}
	return nil
}

// waitUntil waits for the deleted namespaces. When the context ends, it returns those that live on. If none does, but the
// kernel is still taking one down, done is false too.
func (d *deletion) waitUntil(ctx context.Context) (left []gone, done bool, err error) {
	done = true
	for _, w := range d.waits {
		if len(w.gone) == 0 { // nothing of these was deleted
			continue
		}
		lives, err := w.watch.Wait(ctx, namespacesOf(w.gone)...)
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

func namespacesOf(all []gone) []*netns.Namespace {
	return mapped(all, func(g gone) *netns.Namespace { return g.ns })
}

const livesOn = "the name is gone, but the namespace lives on: "

// warn prints a warning for each namespace that something holds.
func (d *deletion) warn(deleted []gone, holding map[*netns.Namespace]string) {
	for _, g := range deleted {
		if text := holding[g.ns]; text != "" {
			d.bar.Clear()
			fmt.Fprintf(os.Stderr, "netns: warning: %s\n", term.Printable(g.name)+": "+livesOn+term.Escaped(text))
		}
	}
}

// holding describes the holders of each deleted namespace that has any.
func (d *deletion) holding(ctx context.Context, deleted []gone) map[*netns.Namespace]string {
	if len(deleted) == 0 {
		return nil
	}
	all, err := holders.Of(ctx, namespacesOf(deleted)...)
	if err != nil && ctx.Err() == nil {
		fmt.Fprintf(os.Stderr, "netns: warning: what holds the namespaces could not be seen: %s\n", term.Escaped(err.Error()))
	}
	if err != nil {
		return nil
	}
	dir, texts := d.realPath(), map[*netns.Namespace]string{}
	for i, g := range deleted {
		texts[g.ns] = describeHolders(dir, all[i])
	}
	return texts
}

// describeHolders describes some holders, and counts the others.
func describeHolders(dir string, all []holders.Holder) string {
	const handful = 5
	all = slices.DeleteFunc(all, func(h holders.Holder) bool { return h.PID == os.Getpid() })
	var words []string
	for _, h := range all[:min(len(all), handful)] {
		word := h.String()
		if h.Kind == holders.Mount && h.PID == 0 && filepath.Dir(h.Path) == dir {
			word = "the name " + term.Printable(filepath.Base(h.Path))
		}
		words = append(words, word)
	}
	if more := len(all) - handful; more > 0 {
		words = append(words, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(words, ", ")
}
