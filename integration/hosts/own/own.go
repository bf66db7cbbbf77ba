// Package own is initialised before package stages, and so in the child, too. It opens a file as C code does: not
// close-on-exec.
package own

import "syscall"

// File is the descriptor.
var File = open()

func open() int {
	fd, err := syscall.Open("own", syscall.O_RDWR|syscall.O_CREAT|syscall.O_TRUNC, 0o600)
	if err != nil {
		panic(err)
	}
	return fd
}
