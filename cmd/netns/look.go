package main

import (
	"cmp"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/netns-go/netns"
)

// fewRows are so many that a further thread is not worth it, and what a thread takes at once: the names of one transaction
// are mostly side by side, and have one record.
const fewRows = 64

// A look is what a thread needs to look at one namespace after another.
type look struct {
	dir   *netns.Dir
	own   *rtnetlink                   // of the caller's namespace, if that has ids for any
	enter func(*netns.Namespace) error // nil if the inside is not to be shown
	buf   []byte
}

// lookInto adds what there is to be seen of each namespace. Rows of what has gone since stay without a state.
func lookInto(rows []row, dir *netns.Dir, wide bool) error {
	ids, err := netns.PeerIDs(netns.NoNSID)
	anyIDs := err != nil || len(ids) > 0
	var next atomic.Int64
	errs := make([]error, max(1, min(runtime.GOMAXPROCS(0), len(rows)/fewRows)))
	var all sync.WaitGroup
	for t := range errs {
		all.Go(func() {
			errs[t] = netns.Tour(func(enter func(*netns.Namespace) error) error {
				l := look{dir: dir, buf: newRtnetlinkBuffer()}
				if wide {
					l.enter = enter
				}
				if anyIDs {
					own, err := openRtnetlink(l.buf)
					if err != nil {
						return err
					}
					defer own.close()
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

// at looks at the namespace of a row, and inside if the thread can enter it. What cannot be looked at is not shown.
func (l *look) at(r *row) error {
	ns, err := l.open(r)
	if ns == nil || err != nil {
		return err
	}
	defer ns.Close()
	if l.own != nil {
		if id, err := l.own.nsid(ns.Fd()); err == nil {
			r.NSID = assigned(id)
		}
	}
	if l.enter != nil && l.enter(ns) == nil {
		r.Links, _ = linksHere(l.buf)
	}
	return nil
}

// open opens the namespace of a row, if there is one, and adds in what state its name is.
func (l *look) open(r *row) (*netns.Namespace, error) {
	if r.State == unnamed {
		ns, _ := netns.OpenPath(r.Path)
		return ns, nil
	}
	entry, ns, err := l.dir.LookupOpen(r.Name)
	var gone *netns.NotExistError
	if errors.As(err, &gone) {
		return nil, nil
	}
	r.summaryJSON = newSummary(r.Path, entry)
	return ns, err
}
