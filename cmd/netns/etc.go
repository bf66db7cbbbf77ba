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
type etcFile struct {
	source, target string
	opened         *os.File // the source, checked; nil if it is a link that leads nowhere
}

// etcFiles opens the files of /etc/netns/NAME. Who can write to one says inside who may log in or become root, so each must
// be root's or ours, with every directory and link on the way to it.
func etcFiles(name string) (files []etcFile, err error) {
	dir := filepath.Join("/etc/netns", name)
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		err = checkTrust(dir)
	}
	for _, entry := range entries {
		file := etcFile{source: filepath.Join(dir, entry.Name()), target: filepath.Join("/etc", entry.Name())}
		if err == nil {
			file.opened, err = netns.OpenTrusted(file.source)
		}
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		files = append(files, file)
	}
	var trust *netns.TrustError
	if errors.As(err, &trust) {
		err = fmt.Errorf("%w; what is in %s covers /etc inside; --net-only leaves it out", err, dir)
	}
	return files, err
}

// coverEtc mounts each file onto its target, and closes it. One that cannot be is reported, and no more, as ip netns exec
// does it.
func coverEtc(files []etcFile) {
	for _, file := range files {
		err := file.cover()
		if err != nil {
			fmt.Fprintf(os.Stderr, "netns: exec: %s\n", escaped(fmt.Sprintf("%s: %v", file.source, err)))
		}
	}
}

func (f etcFile) cover() error {
	if f.opened == nil {
		return errors.New("a link that leads nowhere covers nothing")
	}
	defer f.opened.Close()
	tree, err := cloneTree(int(f.opened.Fd()), "", unix.AT_EMPTY_PATH, f.source)
	if err != nil {
		return err
	}
	defer unix.Close(tree)
	if err = moveMount(tree, f.target); errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%w; it covers one that is there, and an empty one will do", err)
	}
	return err
}
