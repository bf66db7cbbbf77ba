package netns

import (
	"cmp"
	"errors"
	"runtime"
	"slices"
	"sync"
)

// share is how many names are worth a further thread to look at them.
const share = 64

// lookups returns the entries of those of the names that are still there.
func (d *Dir) lookups(names []string) ([]Entry, error) {
	threads := max(1, min(runtime.GOMAXPROCS(0), len(names)/share))
	parts, errs := make([][]Entry, threads), make([]error, threads)
	var all sync.WaitGroup
	for t := range threads {
		all.Go(func() {
			for _, name := range names[len(names)*t/threads : len(names)*(t+1)/threads] {
				entry, err := d.store.Lookup(name)
				var gone *NotExistError
				if errors.As(err, &gone) { // meanwhile
					continue
				}
				if err != nil {
					errs[t] = err
					return
				}
				parts[t] = append(parts[t], entry)
			}
		})
	}
	all.Wait()
	return slices.Concat(parts...), cmp.Or(errs...)
}
