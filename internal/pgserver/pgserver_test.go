package pgserver_test

import (
	"context"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/goleak"

	"github.com/gondola-sync/gondola/internal/pgserver"
)

func TestMain(m *testing.M) {
	if os.Getenv("PGSERVER_DIE") != "" {
		pgserver.Wrap(m).Run() // is killed
		return
	}
	goleak.VerifyTestMain(pgserver.Wrap(m))
}

func connect(t *testing.T, uri string) (*pgx.Conn, error) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), uri)
	if err == nil {
		t.Cleanup(func() { conn.Close(context.Background()) })
	}
	return conn, err
}

func value[T any](t *testing.T, conn *pgx.Conn, sql string) T {
	t.Helper()
	var v T
	if err := conn.QueryRow(t.Context(), sql).Scan(&v); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}

func TestDatabasesAreApart(t *testing.T) {
	first, second := pgserver.NewDatabase(t), pgserver.NewDatabase(t)
	if first.URI == second.URI {
		t.Fatal("two tests have one database")
	}
	conn, err := connect(t, first.URI)
	if err != nil {
		t.Fatal(err)
	}
	if role := value[string](t, conn, "SELECT current_user"); role != first.Role {
		t.Errorf("connected as %s, want %s", role, first.Role)
	}
	if value[bool](t, conn, "SELECT rolsuper OR rolcreatedb OR rolcreaterole FROM pg_roles WHERE rolname = current_user") {
		t.Error("the role of the database may do more than own it")
	}
}

func TestPasswordsAreChecked(t *testing.T) {
	db := pgserver.NewDatabase(t)
	u, err := url.Parse(db.URI)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(db.Role, "wrong")
	if _, err := connect(t, u.String()); err == nil || !strings.Contains(err.Error(), "28P01") {
		t.Errorf("with a wrong password: %v", err)
	}
}

// What was committed is there after a stop and after a crash, and nobody
// answers in between.
func TestStopAndStart(t *testing.T) {
	s := pgserver.New(t)
	db := s.NewDatabase(t)
	pgserver.Exec(t, db.URI, "CREATE TABLE n (n int)")
	for n, stop := range []func() error{s.Stop, s.Crash} {
		pgserver.Exec(t, db.URI, "INSERT INTO n VALUES (1)")
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		if _, err := connect(t, db.URI); err == nil {
			t.Error("a stopped server answers")
		}
		if err := s.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		conn, err := connect(t, db.URI)
		if err != nil {
			t.Fatal(err)
		}
		if got := value[int](t, conn, "SELECT count(*) FROM n"); got != n+1 {
			t.Errorf("%d rows after stop %d, want %d", got, n, n+1)
		}
	}
}

// TestDies is the victim of TestNothingIsLeftBehind.
func TestDies(t *testing.T) {
	if os.Getenv("PGSERVER_DIE") == "" {
		t.Skip("only dies when asked to")
	}
	pgserver.New(t)
	p, _ := os.FindProcess(os.Getpid())
	_ = p.Kill()
	select {}
}

// A test binary that is killed leaves neither a server nor files.
func TestNothingIsLeftBehind(t *testing.T) {
	pgserver.NewDatabase(t) // skips where there is no server
	temp, err := os.MkdirTemp("/tmp", "pgtest")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(temp)
	if err := os.Chmod(temp, 0o777); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestDies$")
	cmd.Env = append(os.Environ(), "PGSERVER_DIE=1", "TMPDIR="+temp)
	if out, err := cmd.CombinedOutput(); err == nil {
		t.Fatalf("the victim was not killed:\n%s", out)
	}
	for patience := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		left, err := os.ReadDir(temp)
		if err != nil {
			t.Fatal(err)
		}
		if len(left) == 0 {
			return
		}
		if time.Now().After(patience) {
			t.Fatalf("%v is left", left)
		}
	}
}
