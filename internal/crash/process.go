package crash

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"syscall"
	"time"
)

// ErrEnded is returned by Await for a process that ended by itself.
var ErrEnded = errors.New("the process ended too early")

// Process is a running command. It is reaped in the background.
type Process struct {
	*exec.Cmd
	exited chan struct{} // closed when it has been reaped and all that it wrote is read
}

// Start starts a command.
func Start(cmd *exec.Cmd) (*Process, error) {
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &Process{Cmd: cmd, exited: make(chan struct{})}
	go func() {
		defer close(p.exited)
		_ = cmd.Wait() // how it ended is in ProcessState
	}()
	return p, nil
}

// PID is the id of the process.
func (p *Process) PID() int { return p.Process.Pid }

// Kill ends the process without warning and reaps it.
func (p *Process) Kill() {
	_ = p.Process.Kill() // it may have ended
	<-p.exited
}

// Await waits until a condition holds; nil is the end of the process. It returns
// ErrEnded if the process ends before. A process that runs for longer, or beyond
// the end of ctx, is killed; if it hung, it shows first what its goroutines wait for.
func (p *Process) Await(ctx context.Context, longest time.Duration, condition func() bool) error {
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	hung := time.After(longest)
	for {
		if condition != nil && condition() {
			return nil
		}
		select {
		case <-p.exited:
			if condition == nil {
				return nil
			}
			return fmt.Errorf("%w, with exit code %d", ErrEnded, p.ProcessState.ExitCode())
		case <-ctx.Done():
			p.Kill()
			return context.Cause(ctx)
		case <-hung:
			_ = p.Process.Signal(syscall.SIGQUIT) // it may just have ended
			<-p.exited
			return fmt.Errorf("the process hung for %v", longest)
		case <-look.C:
		}
	}
}
