package main

import (
	"cmp"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/netns-go/netns"
	"github.com/netns-go/netns/cmd/netns/internal/term"
	"github.com/netns-go/netns/cmd/netns/internal/view"
	"github.com/netns-go/netns/holders"
)

// A summaryJSON is what list and inspect both show of an entry.
type summaryJSON struct {
	Version int         `json:"version"`
	Name    string      `json:"name"`
	Path    string      `json:"path"`
	State   netns.State `json:"state"`
	Stage   string      `json:"stage,omitempty"` // the stage that failed, if the state is kept
	Inode   uint64      `json:"inode,omitempty"`
	NSID    *int        `json:"nsid,omitempty"`
}

func newSummary(path string, e netns.Entry) summaryJSON {
	return summaryJSON{Version: jsonVersion, Name: e.Name, Path: path, State: e.State, Stage: e.Stage, Inode: e.Inode}
}

// A row is what list shows of a namespace, and an element of what -o json prints.
type row struct {
	summaryJSON
	Processes *int        `json:"processes,omitempty"` // missing if the caller may not see all processes
	Links     []view.Link `json:"links,omitempty"`     // missing without the privilege to look inside
}

// label returns the name of a namespace, or the path that leads to it.
func (r *row) label() string { return term.Printable(cmp.Or(r.Name, r.Path)) }

// unnamed is the state of a namespace without a name.
const unnamed netns.State = "unnamed"

// rowsOf returns a row for each name and, if all, for each namespace without a name. Wide rows have the links and processes.
func rowsOf(e *env, all, wide bool) ([]row, error) {
	names, err := e.dir.Names()
	if err != nil {
		return nil, err
	}
	users, seesAll := map[uint64][]int{}, wide && holders.CheckComplete(e.ctx) == nil
	if wide || all {
		if users, err = holders.InUse(e.ctx); err != nil {
			return nil, err
		}
	}
	rows := make([]row, len(names))
	for i, name := range names {
		rows[i].Name, rows[i].Path = name, e.pathOf(name)
	}
	if err := lookInto(rows, e.dir, wide); err != nil {
		return nil, err
	}
	rows = slices.DeleteFunc(rows, func(r row) bool { return r.State == "" }) // gone meanwhile
	if all {
		others := unnamedRows(users, rows)
		if err := lookInto(others, e.dir, wide); err != nil {
			return nil, err
		}
		rows = append(rows, others...)
	}
	for i := range rows {
		if processes := len(users[rows[i].Inode]); seesAll {
			rows[i].Processes = &processes
		}
	}
	return rows, nil
}

// unnamedRows returns a row for each namespace that has a process and is not among the named ones.
func unnamedRows(users map[uint64][]int, named []row) []row {
	users = maps.Clone(users)
	for _, r := range named {
		delete(users, r.Inode)
	}
	var rows []row
	for _, inode := range slices.Sorted(maps.Keys(users)) {
		path := fmt.Sprintf("/proc/%d/ns/net", users[inode][0])
		summary := summaryJSON{Version: jsonVersion, Path: path, State: unnamed, Inode: inode}
		rows = append(rows, row{summaryJSON: summary})
	}
	return rows
}

// fewRows is the number of rows that a further thread needs to be worth it, and that a thread takes at once: the names of one
// transaction are usually side by side, and have one record.
const fewRows = 64

// A look is what a thread needs to look at namespaces, one after the other.
type look struct {
	dir   *netns.Dir
	own   *view.Socket                 // in the caller's namespace; nil if that has no ids
	enter func(*netns.Namespace) error // nil if links are not shown
	buf   []byte
}

// lookInto completes the rows of namespaces that have a name or a path. The row of a namespace that is gone stays without a
// state.
func lookInto(rows []row, dir *netns.Dir, wide bool) error {
	ids, err := netns.PeerIDs()
	anyIDs := err != nil || len(ids) > 0
	var next atomic.Int64
	errs := make([]error, max(1, min(runtime.GOMAXPROCS(0), len(rows)/fewRows)))
	var all sync.WaitGroup
	for t := range errs {
		all.Go(func() {
			errs[t] = netns.Tour(func(enter func(*netns.Namespace) error) error {
				l := look{dir: dir, buf: view.NewBuffer()}
				if wide {
					l.enter = enter
				}
				if anyIDs {
					own, err := view.Dial(l.buf)
					if err != nil {
						return err
					}
					defer own.Close()
					l.own = own
				}
				for {
					end := int(next.Add(fewRows))
					if end-fewRows >= len(rows) {
						return nil
					}
					for i := end - fewRows; i < min(end, len(rows)); i++ {
						if err := l.at(&rows[i]); err != nil {
							return err
						}
					}
				}
			})
		})
	}
	all.Wait()
	return cmp.Or(errs...)
}

// at completes a row. It leaves out the details that it cannot see.
func (l *look) at(r *row) error {
	ns, err := l.open(r)
	if ns == nil || err != nil {
		return err
	}
	defer ns.Close()
	if l.own != nil {
		r.NSID, _ = l.own.NSID(ns.Fd())
	}
	if l.enter != nil && l.enter(ns) == nil {
		r.Links, _ = view.LinksHere(l.buf)
	}
	return nil
}

// open opens the namespace of a row, if the row has one, and adds the state of the name.
func (l *look) open(r *row) (*netns.Namespace, error) {
	if r.State == unnamed {
		ns, _ := netns.OpenPath(r.Path)
		return ns, nil
	}
	entry, ns, err := l.dir.LookupOpen(r.Name)
	if is[*netns.NotExistError](err) {
		return nil, nil
	}
	r.summaryJSON = newSummary(r.Path, entry)
	return ns, err
}
