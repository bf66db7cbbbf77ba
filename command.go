//go:build linux

package netns

import (
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
// A death signal (Pdeathsig) is refused. The kernel sends it when the thread ends on which the command was started, and that
// thread may end long before the command and the program (go.dev/issue/27505). Run such a command by Do(ctx, cmd.Run): the
// thread then stays as long as the command.
func (n *Namespace) Start(cmd *exec.Cmd) error {
	if cmd.SysProcAttr != nil && cmd.SysProcAttr.Pdeathsig != 0 {
		return errors.New("a command with a death signal cannot be started inside a namespace: its thread may end before it")
	}
	return n.visit(cmd.Start)
}
