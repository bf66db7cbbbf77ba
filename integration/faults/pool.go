//go:build amd64

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// A pool does tasks in several worlds at once.
type pool struct {
	tasks chan job
	ended sync.WaitGroup
}

type job struct {
	*task
	done func(*report)
}

// newPool starts workers. Each is the first process of a PID namespace, so all processes of its cases end with it.
func newPool(workers int, binary string) *pool {
	p := &pool{tasks: make(chan job)}
	for range workers {
		p.ended.Add(1)
		go func() {
			defer p.ended.Done()
			runtime.LockOSThread() // if this process is killed, a worker ends with the thread that started it
			if err := p.serve(binary); err != nil {
				fmt.Fprintln(os.Stderr, "faults: worker:", err)
				os.Exit(1)
			}
		}()
	}
	return p
}

func (p *pool) serve(binary string) error {
	cmd := exec.Command("/proc/self/exe", "-worker", "-binary", binary)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID, Pdeathsig: syscall.SIGKILL,
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start: %w", err)
	}
	tell, hear := json.NewEncoder(in), json.NewDecoder(out)
	for j := range p.tasks {
		var r report
		if err := tell.Encode(j.task); err != nil {
			return fmt.Errorf("%s: %w", j, err)
		}
		if err := hear.Decode(&r); err != nil {
			return fmt.Errorf("%s: %w", j, err)
		}
		j.done(&r)
	}
	in.Close()
	return cmd.Wait()
}

// do does tasks and gives each report to done, one at a time.
func (p *pool) do(tasks []*task, done func(*task, *report)) {
	var (
		left  sync.WaitGroup
		mutex sync.Mutex
	)
	for _, t := range tasks {
		left.Add(1)
		p.tasks <- job{t, func(r *report) {
			defer left.Done()
			mutex.Lock()
			defer mutex.Unlock()
			done(t, r)
		}}
	}
	left.Wait()
}

func (p *pool) close() {
	close(p.tasks)
	p.ended.Wait()
}
