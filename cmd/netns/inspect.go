package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/netns-go/netns"
	"github.com/urfave/cli/v2"
)

func init() { register(inspectCommand) }

func inspectCommand() *cli.Command {
	return &cli.Command{
		Name:      "inspect",
		Usage:     "everything about some namespaces",
		ArgsUsage: "NAME...",
		Description: "Links with their addresses, routes, processes, ids, and whether lo answers. A name that is no namespace is shown\n" +
			"with its state. Looking inside takes root.\n\n   netns inspect demo\n   netns inspect demo -o json",
		Flags:  []cli.Flag{outputFlag("json")},
		Action: inspect,
	}
}

func inspect(c *cli.Context) error {
	format, err := formatOf(c, "json")
	if err != nil {
		return err
	}
	if !c.Args().Present() {
		return usageError{"inspect: no name given; see netns inspect --help"}
	}
	ctx := untilSignal(c.Context)
	views := []view{}
	first := eachName(c, func(name string) error {
		v, err := newView(ctx, runDir(c), name)
		if err == nil {
			views = append(views, v)
		}
		return err
	})
	var text strings.Builder
	if format == "json" {
		list, err := jsonText(c, views)
		if err != nil {
			return err
		}
		text.WriteString(list)
	} else {
		for i, v := range views {
			if i > 0 {
				text.WriteString("\n")
			}
			text.WriteString(v.String())
		}
	}
	if err := output(c, text.String(), "standard output could not be written"); err != nil {
		return err
	}
	return first
}

// eachName does something for each name that a verb was given, says what failed, and goes on. It returns an error for the
// first that failed, which has been said already.
func eachName(c *cli.Context, do func(name string) error) error {
	var first error
	for _, name := range c.Args().Slice() {
		err := do(name)
		if err == nil {
			continue
		}
		err = advise(fmt.Errorf("%s %s: %w", c.Command.Name, printable(name), err), whatToEnter)
		fmt.Fprintf(c.App.ErrWriter, "%s: %s\n", c.App.Name, escaped(err.Error()))
		if first == nil {
			first = codedError{errors.New(""), exitCode(err)}
		}
	}
	return first
}

// A view is what inspect shows of a namespace, and an element of what -o json prints.
type view struct {
	summaryJSON
	Healthy   *bool        `json:"healthy,omitempty"` // none where it could not be looked at
	Problem   string       `json:"problem,omitempty"`
	Links     []link       `json:"links,omitempty"`
	Routes    []route      `json:"routes,omitempty"`
	Processes []holderJSON `json:"processes,omitempty"`
}

func newView(ctx context.Context, dir, name string) (v view, err error) {
	entry, err := netns.Lookup(dir, name)
	if err != nil {
		return v, err
	}
	v.summaryJSON = newSummary(filepath.Join(dir, name), entry)
	if entry.State != netns.Ready && entry.State != netns.Kept {
		v.Problem = (&netns.StateError{Path: v.Path, Entry: entry}).Error()
		return v, nil
	}
	ns, err := netns.Open(dir, name)
	if err != nil {
		return v, err
	}
	defer ns.Close()
	if id, err := ns.NSID(); err == nil {
		v.NSID = assigned(id)
	}
	users, err := netns.Processes(ctx, ns)
	if err != nil {
		return v, err
	}
	for _, h := range users[0] {
		v.Processes = append(v.Processes, newHolderJSON(h))
	}
	return v, v.lookInside(ns, entry)
}

// lookInside adds what takes privilege to be seen. Without that, the view says so.
func (v *view) lookInside(ns *netns.Namespace, entry netns.Entry) error {
	var sick unhealthyError
	err := health(ns, entry)
	healthy := err == nil
	switch {
	case errors.As(err, &sick):
		v.Problem = sick.error.Error()
	case err != nil:
		v.Problem = err.Error()
	}
	if err == nil || sick.error != nil {
		v.Healthy = &healthy
	}
	if v.Links, err = linksOf(ns); err == nil {
		v.Routes, err = routesOf(ns)
	}
	if v.Healthy == nil && isLacking(err) { // the view says so
		return nil
	}
	return err
}

// isLacking says whether an error means that a privilege is missing.
func isLacking(err error) bool {
	var privilege *netns.PrivilegeError
	var refused *netns.RefusedError
	return errors.As(err, &privilege) || errors.As(err, &refused)
}

func (v view) String() string {
	var text strings.Builder
	line := func(key string, value any) { fmt.Fprintf(&text, "  %-9s %v\n", key, value) }
	text.WriteString(printable(v.Name) + "\n")
	line("path", printable(v.Path))
	line("state", v.State)
	if v.Stage != "" {
		line("stage", v.Stage)
	}
	if v.Inode != 0 {
		line("inode", v.Inode)
	}
	if v.NSID != nil {
		line("nsid", *v.NSID)
	}
	switch {
	case v.Inode == 0:
		line("problem", escaped(v.Problem))
	case v.Healthy == nil:
		line("healthy", "unknown: "+escaped(v.Problem))
	case *v.Healthy:
		line("healthy", "yes")
	default:
		line("healthy", "no: "+escaped(v.Problem))
	}
	for _, l := range v.Links {
		line("link", l)
	}
	for _, r := range v.Routes {
		line("route", r)
	}
	for _, p := range v.Processes {
		line("process", fmt.Sprintf("%d %s", p.PID, printable(p.Command)))
	}
	return text.String()
}
