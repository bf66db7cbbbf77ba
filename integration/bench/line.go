package main

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// A line compares ours with a peer's.
type line struct {
	ours, peer    string // in words
	there         int    // the number of existing namespaces at the beginning
	rounds        int
	per           int     // the number of namespaces that a run makes or deletes; times are for one of them
	must, stretch float64 // the limits of the ratio; 0 if it has none
	sides         [3]side // ours, the peer's and, if it is not nil, the kernel's floor

	// grownFrom, if not nil, is an earlier line, and the ratio is that of both ratios.
	grownFrom *line
	measured  *result
	// measure, if not nil, replaces all this.
	measure func() (*result, error)
}

// A side is one of the compared things. It prepares a run, and returns the function to time.
type side func() (timed func() error, err error)

// A sample is the cost of one run.
type sample struct {
	wall, cpu float64 // seconds
	faults    float64 // of pages
}

// A result is the result of a line.
type result struct {
	*line
	samples [3][]sample
	ratios  []float64 // of ours to the peer's in each round, sorted
	unit    string    // if the values are not times
	values  [2]float64
}

// pair runs the sides in turn, every other round in the opposite order, because the second side finds more namespaces.
func (l *line) pair() (*result, error) {
	r := &result{line: l}
	for round := -1; round < l.rounds; round++ { // the first only warms up
		var took [3]sample
		for i := range l.sides {
			if round%2 != 0 {
				i = len(l.sides) - 1 - i
			}
			if l.sides[i] == nil {
				continue
			}
			timed, err := l.sides[i]()
			if err == nil {
				took[i], err = take(timed, float64(max(l.per, 1)))
			}
			if err != nil {
				return nil, fmt.Errorf("%s: %w", l.ours, err)
			}
		}
		if round >= 0 {
			for i := range took {
				r.samples[i] = append(r.samples[i], took[i])
			}
			r.ratios = append(r.ratios, took[0].wall/took[1].wall)
		}
	}
	if before := l.grownFrom; before != nil {
		if before.measured == nil {
			return nil, fmt.Errorf("%s: %s was not measured", l.ours, before.ours)
		}
		for i := range r.ratios {
			r.ratios[i] /= before.measured.ratio()
		}
	}
	slices.Sort(r.ratios)
	return r, nil
}

// take measures the cost of f, in this process and in the processes that it waits for.
func take(f func() error, per float64) (sample, error) {
	cpu, faults := usage()
	start := time.Now()
	err := f()
	wall := time.Since(start).Seconds()
	cpuAfter, faultsAfter := usage()
	return sample{wall / per, (cpuAfter - cpu) / per, (faultsAfter - faults) / per}, err
}

func usage() (cpu, faults float64) {
	for _, who := range []int{unix.RUSAGE_SELF, unix.RUSAGE_CHILDREN} {
		var u unix.Rusage
		if err := unix.Getrusage(who, &u); err != nil {
			panic(err)
		}
		cpu += time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
		faults += float64(u.Minflt + u.Majflt)
	}
	return cpu, faults
}

func (r *result) ratio() float64 { return quantile(r.ratios, 0.5) }

// median returns the median of one value of a side's samples.
func (r *result) median(side int, of func(sample) float64) float64 {
	var values []float64
	for _, s := range r.samples[side] {
		values = append(values, of(s))
	}
	slices.Sort(values)
	return quantile(values, 0.5)
}

func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[i]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

// measure measures the lines that match.
func (b *bench) measure(only string) (results []*result, err error) {
	pattern, err := regexp.Compile(only)
	if err != nil {
		return nil, err
	}
	defer b.populate(0)
	for _, l := range b.lines() {
		if !pattern.MatchString(l.ours + " against " + l.peer) {
			continue
		}
		fmt.Fprintf(os.Stderr, "%s, against %s\n", l.ours, l.peer)
		if err := b.populate(l.there); err != nil {
			return nil, err
		}
		measure := l.measure
		if measure == nil {
			measure = l.pair
		}
		r, err := measure()
		if err != nil {
			return nil, err
		}
		r.line, l.measured = l, r
		if b.short {
			l.must = 0
		}
		results = append(results, r)
	}
	return results, nil
}
