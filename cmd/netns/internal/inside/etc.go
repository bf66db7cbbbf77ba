package inside

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/netns-go/netns/cmd/netns/internal/term"
	"github.com/netns-go/netns/persist"
	"golang.org/x/sys/unix"
)

// An etcFile is a file of /etc/netns/NAME and the file of /etc that it covers.
type etcFile struct {
	source, target string
	opened         *os.File // the source after its check; nil for a link that leads nowhere
}

// etcFiles opens the files of /etc/netns/NAME. A user who can write to a passwd or sudoers there can become root inside. So
// each file, and every directory and link on the way to it, must belong to root or the caller.
func etcFiles(name string) (files []etcFile, err error) {
	dir := filepath.Join("/etc/netns", name)
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		var opened *os.File
		opened, err = persist.OpenTrusted(dir)
		opened.Close() // which may be nil
	}
	for _, entry := range entries {
		file := etcFile{source: filepath.Join(dir, entry.Name()), target: filepath.Join("/etc", entry.Name())}
		if err == nil {
			file.opened, err = persist.OpenTrusted(file.source)
		}
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		files = append(files, file)
	}
	if _, distrusted := errors.AsType[*persist.TrustError](err); distrusted {
		err = fmt.Errorf("%w; exec mounts the files in %s over /etc; --net-only skips that", err, dir)
	}
	return files, err
}

// coverEtc mounts each file onto its target, and closes it. A failure is only reported, as by ip netns exec.
func coverEtc(files []etcFile) {
	for _, file := range files {
		if err := file.cover(); err != nil {
			fmt.Fprintf(os.Stderr, "netns: exec: %s\n", term.Escaped(fmt.Sprintf("%s: %v", file.source, err)))
		}
	}
}

func (f etcFile) cover() error {
	if f.opened == nil {
		return errors.New("skipped: broken link")
	}
	defer f.opened.Close()
	tree, err := cloneTree(int(f.opened.Fd()), "", unix.AT_EMPTY_PATH, f.source)
	if err != nil {
		return err
	}
	defer unix.Close(tree)
	if err = moveMount(tree, f.target); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("skipped: %s: %w; create it, even empty, so that exec can cover it", f.target, unix.ENOENT)
	}
	return err
}
