//go:build linux

package netns

import (
	"bytes"
	"context"
	"strconv"
)

// InUse returns the processes whose main thread is in a network namespace, by the namespace's [Namespace.ID], from one look
// through /proc: also in those that have no name, as containers have them. Other users' processes are left out without
// CAP_SYS_PTRACE.
func InUse(ctx context.Context) (map[uint64][]int, error) {
	users := map[uint64][]int{}
	_, err := eachProcess(ctx, func(p *process) error {
		link, err := p.link("ns/net")
		if err != nil {
			return err
		}
		inode := bytes.TrimSuffix(bytes.TrimPrefix(link, []byte("net:[")), []byte("]"))
		id, err := strconv.ParseUint(string(inode), 10, 64)
		users[id] = append(users[id], p.pid)
		return err
	})
	return users, err
}
