package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/internal/crash"
	"github.com/gondola-sync/gondola/internal/line"
	"github.com/gondola-sync/gondola/internal/summary"
)

// machine is an emulated GoPro cloud, an emulated Google Photos, and a home
// directory with credentials and state between them.
type machine struct {
	binary string
	home   string
	store  string // URI
	cloud  *emulator.Emulator
	server *emulator.Server
	line   *line.Line // nil: nothing lies between
	env    []string
}

func newMachine(so sessionOptions, o emulator.Options) (*machine, error) {
	store, err := newStore(so.store, so.home)
	if err != nil {
		return nil, err
	}
	cloud, err := emulator.New(o)
	if err != nil {
		return nil, err
	}
	m := &machine{binary: so.binary, home: so.home, store: store, cloud: cloud}
	if so.line > 0 {
		leg := line.Leg{Rate: so.line, Delay: lineDelay}
		m.line = line.New(line.Options{Down: leg, Up: leg})
	}
	if err := m.connect(); err != nil {
		return nil, errors.Join(err, m.close())
	}
	return m, nil
}

// lineDelay is how long a byte is on its way, each way.
const lineDelay = 25 * time.Millisecond

func (m *machine) connect() error {
	var err error
	if m.line == nil {
		m.server, err = m.cloud.Listen("127.0.0.1")
	} else {
		m.server, err = m.cloud.ListenBehind("127.0.0.1", m.line.Forward)
	}
	if err != nil {
		return err
	}
	env, err := m.cloud.Environ(m.home)
	m.env = append(env, "HOME="+m.home, "TMPDIR="+m.home, "GONDOLA_STATE="+m.store,
		"PGCONNECT_TIMEOUT=60") // a busy machine is not an outage
	return err
}

func (m *machine) close() error {
	var err error
	if m.line != nil {
		err = m.line.Close()
	}
	return errors.Join(err, m.cloud.Close())
}

// stateDir is where a store that is no server keeps its files.
func (m *machine) stateDir() string { return filepath.Join(m.home, "sessions") }

// life is one run of the command, to its end or to its death.
type life struct {
	killed  bool
	code    int // exit code, unless killed
	took    time.Duration
	stderr  string
	summary *summary.Line // unless killed
}

// longest is how long a run may take before it counts as hung.
const longest = 4 * time.Minute

// live runs the command until it ends or due says that its moment has come. A
// nil due never does.
func (m *machine) live(ctx context.Context, due func() bool, args ...string) (life, error) {
	cmd := exec.Command(m.binary, args...)
	cmd.Dir, cmd.Env = m.home, m.env
	return watch(ctx, cmd, due)
}

// watch starts a command that writes JSON lines and reaps it.
func watch(ctx context.Context, cmd *exec.Cmd, due func() bool) (life, error) {
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	began := time.Now()
	p, err := crash.Start(cmd)
	if err != nil {
		return life{}, err
	}
	err = p.Await(ctx, longest, due)
	if due != nil && err == nil {
		p.Kill()
	}
	l := life{took: time.Since(began), code: cmd.ProcessState.ExitCode(), stderr: stderr.String()}
	if err != nil && !errors.Is(err, crash.ErrEnded) { // it may end before its moment
		return l, fmt.Errorf("%w\n%s", err, l.stderr)
	}
	if l.killed = !cmd.ProcessState.Exited(); l.killed {
		return l, nil
	}
	for _, trace := range []string{"panic:", "goroutine "} {
		if strings.Contains(l.stderr, trace) {
			return l, fmt.Errorf("the command shows a stack trace:\n%s", l.stderr)
		}
	}
	sum, err := summary.Read(stdout.Bytes())
	l.summary = &sum
	return l, err
}
