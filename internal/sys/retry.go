// Package sys has the system calls that more than one package makes, and the retries and fallbacks that they take.
//
// A function returns the error of the kernel, with the path if it is given one. It does not explain the error: package persist
// knows which privilege or limit an error is about.
package sys

import (
	"os"
	"syscall"
)

// Again repeats a system call that a signal interrupts: the Go runtime signals its own threads all the time.
func Again(call func() error) error {
	for {
		if err := call(); err != syscall.EINTR {
			return err
		}
	}
}

// AgainInt is [Again] for a call that returns a number, such as a descriptor. After an error it returns -1.
func AgainInt(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if err == nil {
			return n, nil
		}
		if err != syscall.EINTR {
			return -1, err
		}
	}
}

// PathError adds to the error of a system call the name of the call and the path. It returns nil for nil.
func PathError(op, path string, err error) error {
	if err == nil {
		return nil
	}
	return &os.PathError{Op: op, Path: path, Err: err}
}
