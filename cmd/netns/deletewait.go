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
	"github.com/netns-go/netns/internal/sys"
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
	for _, same := range byNamespace(left) {
		text := cmp.Or(d.describe(same, holding[same[0].ns]), "netns sees no holder; perhaps a TCP connection is still closing")
		d.fail(codedError{errors.New(late + livesOn(same) + text), codeTimeout})
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

// byNamespace puts the names of one namespace together, so that its holders are said once.
func byNamespace(all []gone) (groups [][]gone) {
	for _, g := range all {
		isSame := func(group []gone) bool { return group[0].ns.ID() == g.ns.ID() }
		if i := slices.IndexFunc(groups, isSame); i >= 0 {
			groups[i] = append(groups[i], g)
		} else {
			groups = append(groups, []gone{g})
		}
	}
	return groups
}

// livesOn begins the message about a namespace that has lost these names.
func livesOn(same []gone) string {
	are := "name is"
	if len(same) > 1 {
		are = "names are"
	}
	names := strings.Join(mapped(same, func(g gone) string { return term.Printable(g.name) }), ", ")
	return names + ": the " + are + " gone, but the namespace lives on: "
}

// warn prints a warning for each namespace that something holds.
func (d *deletion) warn(deleted []gone, holding map[*netns.Namespace][]holders.Holder) {
	held := slices.DeleteFunc(slices.Clone(deleted), func(g gone) bool { return len(holding[g.ns]) == 0 })
	for _, same := range byNamespace(held) {
		d.bar.Clear()
		fmt.Fprintf(os.Stderr, "netns: warning: %s%s\n", livesOn(same), term.Escaped(d.describe(same, holding[same[0].ns])))
	}
}

// holding returns what holds each deleted namespace, without netns itself.
func (d *deletion) holding(ctx context.Context, deleted []gone) map[*netns.Namespace][]holders.Holder {
	if len(deleted) == 0 {
		return nil
	}
	all, err := holders.Of(ctx, namespacesOf(deleted)...)
	if err != nil && ctx.Err() == nil && !d.quiet {
		fmt.Fprintf(os.Stderr, "netns: warning: what holds the namespaces could not be seen: %s\n", term.Escaped(err.Error()))
	}
	if err != nil {
		return nil
	}
	held := map[*netns.Namespace][]holders.Holder{}
	for i, g := range deleted {
		held[g.ns] = slices.DeleteFunc(slices.Clone(all[i]), func(h holders.Holder) bool { return h.PID == os.Getpid() })
	}
	return held
}

// describe describes the holders of a namespace that has lost these names, and how it gets a name again. It returns "" if
// there are none.
func (d *deletion) describe(same []gone, held []holders.Holder) string {
	text := describeHolders(d.realPath(), held)
	if attach := d.attach(same[0], held); attach != "" {
		text += "; " + attach + " gives it a name again"
	}
	return text
}

// attach returns the command that gives a namespace its name again, or "" if no process or thread is inside, or attach refuses
// such a name.
func (d *deletion) attach(g gone, held []holders.Holder) string {
	if len(held) == 0 || netns.Check([]string{g.name}, netns.Options{}) != nil {
		return ""
	}
	number := held[0].PID // processes come first, and then threads
	switch held[0].Kind {
	case holders.Process:
	case holders.Thread:
		number = held[0].TID
	default:
		return ""
	}
	options := ""
	if g.ns.ID() == sys.Inode("/proc/thread-self/ns/net") {
		options = " --own"
	}
	if d.path != netns.DefaultDir {
		options += " --dir " + term.ShellWord(d.path)
	}
	return fmt.Sprintf("netns attach%s %s %d", options, term.ShellWord(g.name), number)
}

// describeHolders describes some holders, and counts the others. Of a process it says only the closest hold: that of a process
// inside, rather than its descriptors.
func describeHolders(dir string, all []holders.Holder) string {
	const handful = 5
	said := map[int]bool{}
	all = slices.DeleteFunc(slices.Clone(all), func(h holders.Holder) bool {
		again := h.Kind != holders.Mount && said[h.PID]
		said[h.PID] = true
		return again
	})
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
