package postgres_test

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/gondola-sync/gondola/internal/pgserver"
	"github.com/gondola-sync/gondola/state/postgres"
)

// Through a pooler that gives a connection to a client for one transaction only,
// everything works without a word in the URI.
func TestPooler(t *testing.T) {
	db := pgserver.NewDatabase(t)
	uri := pooled(t, db)
	var wg sync.WaitGroup
	for n := range 3 {
		b := open(t, uri, postgres.Options{})
		for m := range 2 {
			wg.Go(func() {
				for k := range 5 {
					useAll(t, b, fmt.Sprint(n, m, k))
				}
			})
		}
	}
	wg.Wait()
}

// pooled starts PgBouncer before a database, with fewer connections to the
// server than it has clients.
func pooled(t *testing.T, db pgserver.Database) string {
	t.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		t.Skip("PgBouncer is not installed: apt-get install pgbouncer")
	}
	dir, err := os.MkdirTemp("", "pooler")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	port, err := pgserver.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	target, err := url.Parse(db.URI)
	if err != nil {
		t.Fatal(err)
	}
	password, _ := target.User.Password()
	config := filepath.Join(dir, "pgbouncer.ini")
	text := fmt.Sprintf("[databases]\n%s = host=%s port=%s user=%s password=%s\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = %d\n"+
		"unix_socket_dir =\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 2\nmax_client_conn = 100\n",
		db.Role, target.Hostname(), target.Port(), db.Role, password, port)
	for _, err := range []error{os.WriteFile(config, []byte(text), 0o644), os.Chmod(dir, 0o755)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"-q", config}
	if os.Getuid() == 0 {
		args = append([]string{"-u", "postgres"}, args...)
	}
	cmd := exec.Command(program, args...)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	target.Host = net.JoinHostPort("127.0.0.1", fmt.Sprint(port))
	awaitAnswer(t, target.String())
	return target.String()
}

func awaitAnswer(t *testing.T, uri string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, uri+"?default_query_exec_mode=exec")
		if err == nil {
			conn.Close(ctx)
			return
		}
		if ctx.Err() != nil {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
