//go:build linux

package netns

import (
	"context"
	"errors"
	"os/exec"
)

// Start starts a command inside the namespace, as cmd.Start would outside; what it is to do with its input, its output and
// the end of a context is the command's own affair, and so is cmd.Wait. It returns what cmd.Start returns, or a
// *[PrivilegeError] for want of CAP_SYS_ADMIN.
//
// The command is in the network namespace, and nothing else is changed: /sys and /etc/resolv.conf are the caller's. For
// those, run netns exec.
//
// A death signal (Pdeathsig) is refused: the kernel sends it when the thread ends that started the command, which is at
// once (go.dev/issue/27505). With one, run the command by Do(ctx, cmd.Run), whose thread stays as long as the command.
func (n *Namespace) Start(cmd *exec.Cmd) error {
	if cmd.SysProcAttr != nil && cmd.SysProcAttr.Pdeathsig != 0 {
		return errors.New("a command with a death signal cannot be started inside a namespace: its thread ends at once")
	}
	return n.Do(context.Background(), cmd.Start)
}
