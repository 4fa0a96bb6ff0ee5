package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"
)

// cost is what a process took from its start to its end.
type cost struct {
	wall time.Duration
	cpu  time.Duration // of all threads, user and system
	peak int64         // resident memory, in bytes; 0: not known here
}

// perGB scales the processor time to 10⁹ bytes, in seconds.
func (c cost) perGB(bytes int64) float64 { return c.cpu.Seconds() / (float64(bytes) / 1e9) }

// rate is bytes a second, in MB (10⁶).
func (c cost) rate(bytes int64) float64 { return float64(bytes) / 1e6 / c.wall.Seconds() }

// measure runs a command to its end. What it wrote to standard output is
// returned even if it failed.
func measure(cmd *exec.Cmd) (cost, []byte, error) {
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return cost{}, nil, err
	}
	stop := make(chan struct{})
	peaks := make(chan int64, 1)
	go func() { peaks <- watchPeak(cmd.Process.Pid, stop) }()
	err := cmd.Wait()
	c := cost{wall: time.Since(began), cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
	close(stop)
	c.peak = <-peaks
	if err != nil {
		err = fmt.Errorf("%s: %w\n%s", cmd, err, bytes.TrimSpace(stderr.Bytes()))
	}
	return c, stdout.Bytes(), err
}

// watchPeak reads a process's peak of resident memory until stop. What the
// kernel tells when a process has ended would be its parent's if that is more.
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

// summary is the last line of a sync.
type summary struct {
	Type     string
	Outcome  string
	Items    struct{ Total, Created, Skipped, Failed, Pending int }
	Bytes    struct{ Downloaded, Uploaded, Resent int64 }
	Requests map[string]int64
	Seconds  struct{ Wall, Downloading, Uploading float64 }
}

func summaryOf(stdout []byte) (s summary, err error) {
	lines := bytes.Split(bytes.TrimSpace(stdout), []byte("\n"))
	if err := json.Unmarshal(lines[len(lines)-1], &s); err != nil || s.Type != "summary" {
		return s, errors.New("sync ended without a summary")
	}
	return s, nil
}

// sync runs gondola once in a home of its own and proves what arrived.
func (b *bench) sync(ctx context.Context, c *cloud, args ...string) (cost, summary, error) {
	home, err := os.MkdirTemp(b.dir, "home-")
	if err != nil {
		return cost{}, summary{}, err
	}
	defer os.RemoveAll(home)
	env, err := c.environ(home)
	if err != nil {
		return cost{}, summary{}, err
	}
	cmd := exec.CommandContext(ctx, b.gondola, append([]string{"sync", "--json"}, args...)...)
	cmd.Dir, cmd.Env = home, env
	used, stdout, err := measure(cmd)
	if err != nil {
		return used, summary{}, err
	}
	s, err := summaryOf(stdout)
	return used, s, err
}

// yardstick runs one of the other programs.
func (b *bench) yardstick(ctx context.Context, c *cloud, program string, args ...string) (cost, error) {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Env = b.dir, append(os.Environ(), c.tokenEnv()...)
	used, _, err := measure(cmd)
	return used, err
}
