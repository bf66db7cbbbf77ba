// Library is built as a c-shared library or a c-archive, for hosts whose main is not Go's.
package main

import "C"

import (
	"context"

	"github.com/netns-go/netns"
)

// TryCreate returns the error of netns.Create, or "".
//
//export TryCreate
func TryCreate(name *C.char) *C.char {
	return text(netns.Create(context.Background(), []string{C.GoString(name)}, netns.Options{}))
}

// TryOthers uses an existing namespace without a child, deletes it, and returns an error or "".
//
//export TryOthers
func TryOthers(name *C.char) *C.char { return text(others(C.GoString(name))) }

func others(name string) error {
	ns, err := netns.Open(name)
	if err != nil {
		return err
	}
	defer ns.Close()
	if err := ns.Do(context.Background(), func() error { return nil }); err != nil {
		return err
	}
	for _, err := range netns.List() {
		if err != nil {
			return err
		}
	}
	return netns.Delete(context.Background(), name, netns.DeleteOptions{MustExist: true})
}

func text(err error) *C.char {
	if err == nil {
		return C.CString("") // the host would free it, but ends before
	}
	return C.CString(err.Error())
}

func main() {}
