package pgserver

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	uriVariable     = "GONDOLA_TEST_POSTGRES_URI"
	requireVariable = "GONDOLA_TEST_REQUIRE_SERVERS"
)

// Server is a PostgreSQL server. Its methods must not be called concurrently,
// except NewDatabase.
type Server struct {
	admin string // URI of its superuser
	own   *owned // nil for a server that runs on its own
}

// owned is what a server that was started here consists of.
type owned struct {
	install
	dir    string // temporary: data, log and socket
	port   int
	guard  *guard
	cmd    *exec.Cmd     // nil while stopped
	exited chan struct{} // closed when cmd has ended
}

// New starts a server for one test, and stops it when the test is over.
func New(t testing.TB) *Server {
	t.Helper()
	s, err := start(context.Background())
	if err != nil {
		unavailable(t, err)
	}
	t.Cleanup(func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// start makes a new server, with a password for each of its users.
func start(ctx context.Context) (*Server, error) {
	found, err := findInstall()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "gondola-pg-")
	if err != nil {
		return nil, err
	}
	s := &Server{own: &owned{install: found, dir: dir}}
	password := rand.Text()
	err = s.own.initialise(ctx, password)
	if err == nil {
		s.own.guard, err = newGuard(dir)
	}
	if err == nil {
		s.own.port, err = FreePort()
	}
	if err == nil {
		s.admin = uri("postgres", password, s.own.port, "postgres")
		err = s.Start(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func uri(user, password string, port int, database string) string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(user, password),
		Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), Path: "/" + database,
	}
	return u.String()
}

// FreePort returns a port of loopback for a server that cannot be handed a
// listener. It is not one of those that systems give to a program that asks for any,
// from 32768 up, so that no other gets it while its server starts, or is down.
func FreePort() (port int, err error) {
	for range 100 {
		port = 10_000 + mathrand.IntN(20_000)
		var l net.Listener
		if l, err = net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); err == nil {
			return port, l.Close()
		}
	}
	return 0, err
}

func (o *owned) data() string    { return filepath.Join(o.dir, "data") }
func (o *owned) logFile() string { return filepath.Join(o.dir, "log") }

// initialise makes the files of a new server.
func (o *owned) initialise(ctx context.Context, password string) error {
	secret := filepath.Join(o.dir, "password")
	if err := os.WriteFile(secret, []byte(password), 0o600); err != nil {
		return err
	}
	if err := errors.Join(o.user.own(o.dir), o.user.own(secret)); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(o.bin, "initdb"), "--pgdata", o.data(), "--username", "postgres",
		"--pwfile", secret, "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync")
	o.user.run(cmd)
	cmd.Dir, cmd.Env = o.dir, append(os.Environ(), "LC_ALL=C")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb in %s: %w\n%s", o.dir, err, out)
	}
	return os.Remove(secret)
}

// Start starts the server if it is stopped, and returns when it answers.
func (s *Server) Start(ctx context.Context) error {
	o := s.own
	if o.cmd != nil {
		return nil
	}
	logged, err := os.OpenFile(o.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer logged.Close()
	cmd := exec.Command(filepath.Join(o.bin, "postgres"), "-D", o.data(), "-p", strconv.Itoa(o.port), "-k", o.dir,
		"-c", "listen_addresses=127.0.0.1", "-c", "max_connections=300", "-c", "shared_buffers=64MB",
		"-c", "fsync=off", "-c", "full_page_writes=off")
	o.user.run(cmd)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = o.dir, append(os.Environ(), "LC_ALL=C"), logged, logged
	if err := cmd.Start(); err != nil {
		return err
	}
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		_ = cmd.Wait()
	}()
	o.cmd, o.exited = cmd, exited
	return s.awaitAnswer(ctx)
}

// awaitAnswer returns when the server takes connections.
func (s *Server) awaitAnswer(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, s.admin)
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-s.own.exited:
			s.own.cmd = nil
			return fmt.Errorf("PostgreSQL ended when it was started; its log:\n%s", s.own.logTail())
		case <-ctx.Done():
			return fmt.Errorf("PostgreSQL does not answer: %w; its log:\n%s", err, s.own.logTail())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (o *owned) logTail() []byte {
	log, _ := os.ReadFile(o.logFile())
	return bytes.TrimSpace(log[max(0, len(log)-4096):])
}

// Stop lets the server disconnect everybody and stop, as for an upgrade.
func (s *Server) Stop() error { return s.stop(stopFast) }

// Crash ends the server at once. The next start recovers what was committed.
func (s *Server) Crash() error { return s.stop(stopDead) }

func (s *Server) stop(how os.Signal) error {
	o := s.own
	if o.cmd == nil {
		return nil
	}
	if err := o.cmd.Process.Signal(how); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-o.exited:
		o.cmd = nil
		return nil
	case <-time.After(time.Minute):
		return fmt.Errorf("PostgreSQL does not stop; its log:\n%s", o.logTail())
	}
}

// close stops the server and removes its files.
func (s *Server) close() error {
	if s.own == nil {
		return nil
	}
	return errors.Join(s.Crash(), s.own.guard.close(), os.RemoveAll(s.own.dir))
}

// guard is a process that ends a server and removes its files if the tests die
// before they could.
type guard struct {
	cmd   *exec.Cmd
	alive io.Closer // the guard acts when no process holds this open any more
}

const guardScript = `read -r _
pid="$0/data/postmaster.pid" # the server removes it last of all
[ -e "$pid" ] && kill -QUIT "$(head -n 1 "$pid")" 2>/dev/null
for _ in $(seq 100); do [ -e "$pid" ] && sleep 0.1; done
rm -rf "$0"`

func newGuard(dir string) (*guard, error) {
	cmd := exec.Command("sh", "-c", guardScript, dir)
	(*user)(nil).run(cmd)
	alive, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	return &guard{cmd, alive}, cmd.Start()
}

func (g *guard) close() error {
	if g == nil {
		return nil
	}
	return errors.Join(g.alive.Close(), g.cmd.Wait())
}
