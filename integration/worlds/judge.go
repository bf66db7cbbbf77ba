//go:build linux && (amd64 || arm64)

package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// judge returns what is wrong with a command's answer, and with the run directory after it.
func judge(v *verb, want expectation, got answer, before, after directory) (wrong []string) {
	switch {
	case !slices.Contains(want.codes, got.Code):
		wrong = append(wrong, fmt.Sprintf("want exit code %s", orList(want.codes)))
	case want.says != "" && got.Code != 0 && !strings.Contains(got.Stderr, want.says):
		wrong = append(wrong, fmt.Sprintf("the message does not name %s", want.says))
	case got.Code == 0 && v.check != "":
		if why := v.misprints(got.Stdout, after); why != "" {
			wrong = append(wrong, why)
		}
	}
	if strings.Contains(got.Stderr, "goroutine ") || strings.Contains(got.Stderr, "runtime: ") {
		wrong = append(wrong, "Go's own words")
	}
	names := maps.Clone(before)
	maps.Copy(names, after)
	for _, name := range words(v.adds) {
		names[name] = thing{}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		was, wasThere := before[name]
		is, isThere := after[name]
		if !v.allows(got.Code, name, was, wasThere, is, isThere) {
			wrong = append(wrong, fmt.Sprintf("LEFT: %s was %s and is %s", name, describe(was, wasThere), describe(is, isThere)))
		}
	}
	return wrong
}

// allows reports whether a command that ended with this code may have changed a name so.
func (v *verb) allows(code int, name string, was thing, wasThere bool, is thing, isThere bool) bool {
	same := was == is && wasThere == isThere
	kept := code == 8 && strings.Contains(v.args, "--rollback-on-fail=false")
	done := code == 0 || len(v.codes) > 0 && code == v.codes[0]
	own := !slices.Contains(bystanders, name)
	switch {
	case (code == 0 || kept) && slices.Contains(words(v.adds), name): // as it was, if it was one
		return isThere && is.inode != 0 && is.mounts > 0 && (was.inode == 0 || same)
	case done && slices.Contains(words(v.removes), name):
		return !isThere
	case v.name == "delete --all" && (code == 0 || code == 5) && was.inode != 0: // after a busy name it goes on
		return !isThere
	case v.name == "delete --all", strings.HasPrefix(v.args, "recover") && !strings.Contains(v.args, "--dry-run"):
		return same || own && was.inode == 0 && !isThere
	}
	return same
}

func describe(t thing, there bool) string {
	switch {
	case !there:
		return "not there"
	case t.inode == 0:
		return "a file"
	}
	return fmt.Sprintf("the namespace %d, mounted %d times", t.inode, t.mounts)
}

// misprints returns what is wrong with the output, or "".
func (v *verb) misprints(stdout string, dir directory) string {
	switch v.check {
	case "json":
		var list []map[string]any
		if err := json.Unmarshal([]byte(stdout), &list); err != nil {
			return fmt.Sprintf("it printed no JSON: %v", err)
		}
		return ""
	case "names":
	default:
		if dir[v.check].inode != 0 && stdout != v.check+"\n" {
			return fmt.Sprintf("it printed %q, not %q", stdout, v.check)
		}
		return ""
	}
	printed := slices.DeleteFunc(strings.Fields(stdout), func(name string) bool { return strings.HasPrefix(name, loopName) })
	if there := slices.Sorted(maps.Keys(dir)); !slices.Equal(there, printed) {
		return fmt.Sprintf("it printed %q, but there is %q", printed, there)
	}
	return ""
}

func orList(codes []int) string {
	var text []string
	for _, code := range codes {
		text = append(text, fmt.Sprint(code))
	}
	return strings.Join(text, " or ")
}
