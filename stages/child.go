//go:build linux

package stages

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"runtime"

	"github.com/moby/sys/reexec"
	"github.com/netns-go/netns/rollback"
	"golang.org/x/sys/unix"
)

func init() {
	if awaited == nil {
		plainHost = atStart()
		reexec.Register(entryPoint, child) // in a child, another package's reexec.Init would run it too early
	}
	registry = maps.Clone(builtIn)
	for name := range registry { // after all are registered, because in a child this does not return
		dispatch(name)
	}
}

// dispatch becomes the child, and does not return, when the last stage of the plan is registered.
func dispatch(registered string) {
	if !awaited[registered] {
		return
	}
	delete(awaited, registered)
	if len(awaited) == 0 {
		reexec.Register(entryPoint, child)
		reexec.Init()
	}
}

// child runs in a process that startSelf started, in place of main. It ends the process.
func child() {
	if awaited == nil {
		fmt.Fprintf(os.Stderr, "%s: only netns itself can start this\n", entryPoint)
		os.Exit(2)
	}
	runtime.LockOSThread()
	// A signal to all processes of a service is meant for the parent, which tells the child to roll back.
	signal.Ignore(ending...)
	unix.CloseOnExec(socketFD) // a stage may run a command
	if serve(newConn(os.NewFile(socketFD, "socket"))) != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

// serve carries out the plans of the parent.
func serve(c *conn) error {
	b := &builder{conn: c}
	for {
		if err := b.run(); err != nil {
			return err
		}
		if !b.plan.again {
			return nil
		}
		if err := b.release(); err != nil {
			return err
		}
	}
}

// run makes the namespaces of one plan. After an error nothing is left of them, or the parent is told what is.
func (b *builder) run() error {
	err := b.greet()
	if err == nil {
		err = b.start()
	}
	cause := err
	if err == nil {
		cause, err = b.transact()
	}
	if err == nil || err == errStopped {
		return err
	}
	m := &message{kind: kindFailed, err: toRemote(err)}
	m.undone = !errors.As(err, new(*rollback.UndoError))
	if failure, ok := cause.(*Error); ok {
		m.target, m.stage, m.err = b.index(failure.Namespace), failure.Stage, toRemote(failure.Err)
	}
	return errors.Join(err, b.send(m))
}
