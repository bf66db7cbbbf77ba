package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/netns-go/netns"
	"golang.org/x/sys/unix"
)

// An etcFile is one of a namespace's own files, and the one of /etc that it is to cover.
type etcFile struct{ source, target string }

// etcFiles returns the files of /etc/netns/NAME. Who can write to one says inside who may log in or become root, so all
// must be root's. A symbolic link is root's own choice, wherever it leads.
func etcFiles(name string) ([]etcFile, error) {
	dir := filepath.Join("/etc/netns", name)
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		err = netns.CheckTrust(dir)
	}
	var files []etcFile
	for _, entry := range entries {
		if err == nil {
			err = netns.CheckTrust(filepath.Join(dir, entry.Name()))
		}
		files = append(files, etcFile{filepath.Join(dir, entry.Name()), filepath.Join("/etc", entry.Name())})
	}
	var trust *netns.TrustError
	if errors.As(err, &trust) {
		err = fmt.Errorf("%w; what is in %s covers /etc inside; --net-only leaves it out", err, dir)
	}
	return files, err
}

// coverEtc mounts each file onto its target. One that cannot be is reported, and no more, as ip netns exec does it.
func coverEtc(files []etcFile) {
	for _, file := range files {
		err := file.cover()
		if err != nil {
			fmt.Fprintf(os.Stderr, "netns: exec: %s\n", escaped(fmt.Sprintf("%s: %v", file.source, err)))
		}
	}
}

func (f etcFile) cover() error {
	tree, err := openTree(f.source, 0)
	if err != nil {
		return fmt.Errorf("%w; a link that leads nowhere covers nothing", err)
	}
	defer unix.Close(tree)
	if err = moveMount(tree, f.target); errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w; it covers one that is there, and an empty one will do", err)
	}
	return err
}
