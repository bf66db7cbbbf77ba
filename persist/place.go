//go:build linux

package persist

// A place is where the namespaces of a claim are mounted, if they are, as seen from here.
type place int

const (
	here      place = iota // in the caller's mount namespace
	elsewhere              // in another one, which lives or of which that cannot be known
	nowhere                // in another one, which is proven gone
)

// place returns where the claim was made, and so its namespaces were mounted.
func (r *record) place() (place, error) {
	own, err := thisMountNS()
	switch {
	case err != nil:
		return elsewhere, err
	case r.mntns.is(own):
		return here, nil
	case r.mntns.fate() == gone:
		return nowhere, nil
	}
	return elsewhere, nil
}

// over reports whether the transaction has come to its end.
func (r *record) over() bool { return r.tx == txDone || r.tx == txKept }

// otherBoot reports whether the claim was made before the machine was started anew, if it was made in this mount namespace:
// ids are given again then, and containers have a boot id of their own.
func (r *record) otherBoot() bool {
	boot := bootID()
	return r.boot != boot && r.boot != unknownBoot && boot != unknownBoot
}
