package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/gondola-sync/gondola/internal/summary"
)

// cost is what a process took from its start to its end.
type cost struct {
	began time.Time
	wall  time.Duration
	cpu   time.Duration // of all threads, user and system
	peak  int64         // resident memory, in bytes; 0: not known here
}

// perGB scales the processor time to 10⁹ bytes, in seconds.
func (c cost) perGB(bytes int64) float64 { return c.cpu.Seconds() / (float64(bytes) / 1e9) }

// rate is bytes a second, in MB (10⁶).
func (c cost) rate(bytes int64) float64 { return float64(bytes) / 1e6 / c.wall.Seconds() }

// process is a command that is being measured.
type process struct {
	cmd   *exec.Cmd
	began time.Time
	stop  chan struct{}
	peak  chan int64
}

func start(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, began: time.Now(), stop: make(chan struct{}), peak: make(chan int64, 1)}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() { p.peak <- watchPeak(cmd.Process.Pid, p.stop) }()
	return p, nil
}

func (p *process) wait() (cost, error) {
	err := p.cmd.Wait()
	c := cost{began: p.began, wall: time.Since(p.began), cpu: p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime()}
	close(p.stop)
	c.peak = <-p.peak
	return c, err
}

// measure runs a command to its end and returns what it wrote to standard
// output.
func measure(cmd *exec.Cmd) (cost, []byte, error) {
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	p, err := start(cmd)
	if err != nil {
		return cost{}, nil, err
	}
	used, err := p.wait()
	if err != nil {
		err = fmt.Errorf("%s: %w\n%s", cmd, err, bytes.TrimSpace(stderr.Bytes()))
	}
	return used, stdout.Bytes(), err
}

// watchPeak reads a process's peak of resident memory until stop. What the
// kernel reports when a process has ended would be its parent's if that is more.
func watchPeak(pid int, stop <-chan struct{}) (peak int64) {
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for {
		peak = max(peak, peakOf(pid))
		select {
		case <-stop:
			return peak
		case <-look.C:
		}
	}
}

// peakOf is a process's VmHWM in bytes; 0 where there is none.
func peakOf(pid int) int64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "\nVmHWM:")
	var kib int64
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		return 0
	}
	return kib << 10
}

// inHome returns a sync in a home of its own. TMPDIR is there too, so that no
// other program's files count.
func (b *bench) inHome(ctx context.Context, c *cloud, home string, args ...string) (*exec.Cmd, error) {
	env, err := c.environ(home)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, b.gondola, append([]string{"sync", "--json"}, args...)...)
	cmd.Dir, cmd.Env = home, env
	return cmd, nil
}

// sync runs gondola once, to its end.
func (b *bench) sync(ctx context.Context, c *cloud, args ...string) (cost, summary.Line, error) {
	home, err := os.MkdirTemp(b.dir, "home-")
	if err != nil {
		return cost{}, summary.Line{}, err
	}
	defer os.RemoveAll(home)
	return b.syncIn(ctx, c, home, args...)
}

func (b *bench) syncIn(ctx context.Context, c *cloud, home string, args ...string) (cost, summary.Line, error) {
	cmd, err := b.inHome(ctx, c, home, args...)
	if err != nil {
		return cost{}, summary.Line{}, err
	}
	used, stdout, err := measure(cmd)
	if err != nil {
		return used, summary.Line{}, err
	}
	s, err := summary.Read(stdout)
	return used, s, err
}

// yardstick runs one of the other programs.
func (b *bench) yardstick(ctx context.Context, c *cloud, program string, args ...string) (cost, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Env = b.dir, append(os.Environ(), c.tokenEnv()...)
	used, _, err := measure(cmd)
	return used, err
}
