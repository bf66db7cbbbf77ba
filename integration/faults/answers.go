//go:build amd64

package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// The exit codes of the contract that can occur here.
const (
	codeFailed    = 1
	codeBusy      = 5
	codePrivilege = 6
	codeRemains   = 8
	codeSignal    = 128
)

// wrong returns what is wrong with a command's answer to a fault, or "".
func (s *scenario) wrong(a *aim, got answer, now sight) string {
	switch {
	case got.timedOut:
		return "it hung"
	case strings.Contains(got.stderr, "goroutine "), strings.Contains(got.stderr, "panic: "):
		return "it crashed: " + got.String()
	case got.code == 0:
		if !now.all(s.names, s.goal()) {
			return fmt.Sprintf("exit code 0, but %v", now.names)
		}
		return ""
	}
	switch a.Kind {
	case faultErrno:
		return s.wrongFailure(a, got, now)
	case faultSignal:
		return wrongCode(got, codeSignal+a.Number)
	}
	if killsParent(a) {
		return wrongCode(got, codeSignal+int(unix.SIGKILL))
	}
	if !strings.Contains(got.stderr, "signal: killed") {
		return "the message does not say how the child ended: " + got.String()
	}
	return wrongCode(got, codeFailed)
}

// goal returns the nature of the names after success.
func (s *scenario) goal() string {
	if s.creates() || s.keeps {
		return complete
	}
	return absent
}

func killsParent(a *aim) bool {
	switch a.Kind {
	case faultBothBefore, faultBothAfter:
		return true
	case faultKillBefore, faultKillAfter:
		return a.Role == roleParent
	}
	return false
}

// wrongFailure judges the code of an answer to an errno. The message must name the errno and the file, if there is one.
func (s *scenario) wrongFailure(a *aim, got answer, now sight) string {
	errno := syscall.Errno(a.Number)
	text := errno.Error()
	if errno == unix.EBUSY {
		text = "busy" // names the holder, which is better
	}
	if !strings.Contains(got.stderr, text) {
		return fmt.Sprintf("the message lacks %q: %v", text, got)
	}
	if path := pathIn(a.Text); path != "" && !strings.Contains(got.stderr, path) {
		return fmt.Sprintf("the message lacks %q: %v", path, got)
	}
	if got.code == codePrivilege && !strings.Contains(got.stderr, "CAP_") {
		return fmt.Sprintf("the message lacks the capability: %v", got)
	}
	switch {
	case got.code == codeRemains && s.creates():
		if !strings.HasSuffix(a.Text, "stdout") || !now.all(s.names, complete) {
			return fmt.Sprintf("%v, but %v", got, now.names)
		}
		return ""
	case got.code == codeRemains:
		if s.args[0] == verbDelete && now.all(s.names, complete) {
			return fmt.Sprintf("%v, but nothing was removed", got)
		}
		return ""
	case s.args[0] == verbDelete && s.disorder(now) != "":
		return fmt.Sprintf("%v, but %s", got, s.disorder(now))
	}
	switch errno {
	case unix.EPERM: // no capability is missing, so another code is right as well
		return wrongCode(got, codeFailed, codePrivilege)
	case unix.EBUSY, unix.EAGAIN:
		return wrongCode(got, codeFailed, codeBusy)
	}
	return wrongCode(got, codeFailed)
}

func wrongCode(got answer, want ...int) string {
	if slices.Contains(want, got.code) {
		return ""
	}
	return fmt.Sprintf("want exit code %d, got %v", want, got)
}

// pathIn returns the path that a message about a call must name, or "". Calls that start a process have none.
func pathIn(text string) string {
	name, argument, _ := strings.Cut(text, " ")
	switch name {
	case "dup3", "fcntl", "execve", "close":
		return ""
	}
	path, _, _ := strings.Cut(argument, " ")
	if strings.HasPrefix(path, runDir) || strings.HasPrefix(path, "/proc/sys/") {
		return strings.TrimSuffix(path, "/(claim)")
	}
	return ""
}

// usable returns an error unless every user can list the run directory.
func (w *world) usable() error {
	info, err := os.Stat(runDir)
	if err != nil {
		return err
	}
	if mode := info.Mode().Perm(); mode != 0o755 {
		return fmt.Errorf("%s has mode %v", runDir, mode)
	}
	return nil
}
