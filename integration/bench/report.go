package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"
)

// machine describes the machine and the time of the run.
func machine() (string, error) {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "", os.NewSyscallError("uname", err)
	}
	model := runtime.GOARCH
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "", err
	}
	if _, rest, ok := strings.Cut(string(info), "model name"); ok {
		rest, _, _ = strings.Cut(rest, "\n")
		model = strings.TrimLeft(rest, "\t: ")
	}
	release, _, _ := strings.Cut(unix.ByteSliceToString(u.Release[:]), "-") // without the builder's own suffix
	load, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "", err
	}
	peer, err := exec.Command("ip", "-V").Output()
	if err != nil {
		return "", fmt.Errorf("ip: %w", err)
	}
	return fmt.Sprintf("%s, `make bench`: %s, %d cores; Linux %s; %s; %s; load %.4s when it began.\n",
		time.Now().Format(time.DateOnly), model, runtime.NumCPU(), release, runtime.Version(),
		strings.TrimSpace(string(peer)), load), nil
}

// report returns the tables, the ratios against ip netns first.
func report(results []*result) string {
	var ip, others []*result
	for _, r := range results {
		if strings.HasPrefix(r.peer, "`ip ") {
			ip = append(ip, r)
		} else {
			others = append(others, r)
		}
	}
	return "### Against `ip netns`\n\n" + table(ip) +
		"\n### Against the kernel's own cost, an empty program, and a limit\n\n" + table(others) +
		"\n### Processor time and page faults\n\n" + resources(results)
}

// table shows ratios and the times that they come from.
func table(results []*result) string {
	rows := [][]string{{"ours", "against", "existing", "ratio", "must", "", "stretch", "quartiles", "ours", "theirs", "floor"}}
	wall := func(s sample) float64 { return s.wall }
	for _, r := range results {
		row := []string{r.ours, r.peer, fmt.Sprint(r.there), fmt.Sprintf("%.2f", r.ratio())}
		if r.must == 0 {
			row = append(row, "", "", "")
		} else {
			row = append(row, fmt.Sprintf("%.2f", r.must), r.met(), fmt.Sprintf("%.2f", r.stretch))
		}
		row = append(row, fmt.Sprintf("%.2f to %.2f", quantile(r.ratios, 0.25), quantile(r.ratios, 0.75)))
		for i := range r.samples {
			row = append(row, r.value(i, wall))
		}
		rows = append(rows, row)
	}
	return markdown(rows)
}

func (r *result) met() string {
	switch ratio := r.ratio(); {
	case ratio <= r.stretch:
		return "met, stretch too"
	case ratio <= r.must:
		return "met"
	}
	return "**not met**"
}

func (r *result) value(side int, of func(sample) float64) string {
	switch {
	case r.unit != "" && side < len(r.values):
		return fmt.Sprintf("%.1f %s", r.values[side], r.unit)
	case len(r.samples[side]) == 0 || r.sides[side] == nil:
		return ""
	}
	return fmt.Sprintf("%.3g ms", 1000*r.median(side, of))
}

// resources shows processor time and page faults, which depend less on the machine's other load.
func resources(results []*result) string {
	rows := [][]string{{"ours", "against", "ours, CPU", "theirs, CPU", "ratio", "ours, page faults", "theirs, page faults", "ratio"}}
	cpu, faults := func(s sample) float64 { return s.cpu }, func(s sample) float64 { return s.faults }
	for _, r := range results {
		if r.unit != "" {
			continue
		}
		row := []string{r.ours, r.peer, r.value(0, cpu), r.value(1, cpu), ratio(r.median(0, cpu), r.median(1, cpu))}
		row = append(row, fmt.Sprintf("%.4g", r.median(0, faults)), fmt.Sprintf("%.4g", r.median(1, faults)),
			ratio(r.median(0, faults), r.median(1, faults)))
		rows = append(rows, row)
	}
	return markdown(rows)
}

func ratio(a, b float64) string {
	if b == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f", a/b)
}

// markdown aligns a table; the first row is the heading.
func markdown(rows [][]string) string {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 1, ' ', 0)
	for i, row := range rows {
		fmt.Fprintf(w, "| %s\t|\n", strings.Join(row, "\t| "))
		if i == 0 {
			fmt.Fprintf(w, "|%s\n", strings.Repeat("---\t|", len(row)))
		}
	}
	w.Flush()
	return text.String()
}

// Between these marks, a file shows the last results.
const begin, end = "<!-- make bench writes from here -->\n", "<!-- to here -->\n"

// writeInto replaces the text between the marks of a file.
func writeInto(file, text string) error {
	old, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(old), begin)
	_, after, closed := strings.Cut(rest, end)
	if !ok || !closed {
		return fmt.Errorf("%s: the marks %q and %q are missing", file, begin, end)
	}
	return os.WriteFile(file, []byte(before+begin+"\n"+text+"\n"+end+after), 0o644)
}
