package pgserver

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

// shared is the server of this test binary.
var shared struct {
	sync.Mutex
	*Server
	err error
}

// Wrap returns tests that stop the shared server when they are through:
//
//	func TestMain(m *testing.M) { goleak.VerifyTestMain(pgserver.Wrap(m)) }
func Wrap(m *testing.M) Tests { return Tests{m} }

// Tests are the tests of a package.
type Tests struct{ m *testing.M }

// Run runs the tests, stops the shared server and returns the exit code. The
// machine may be so busy that a server which is up takes long to answer.
func (t Tests) Run() int {
	if err := os.Setenv("PGCONNECT_TIMEOUT", "60"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := t.m.Run()
	shared.Lock()
	defer shared.Unlock()
	if shared.Server == nil {
		return code
	}
	if err := shared.close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return max(code, 1)
	}
	return code
}

func sharedServer(t testing.TB) *Server {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.Server == nil && shared.err == nil {
		if given := os.Getenv(uriVariable); given != "" {
			shared.Server = &Server{admin: given}
		} else {
			shared.Server, shared.err = start(context.Background())
		}
	}
	if shared.err != nil {
		unavailable(t, shared.err)
	}
	return shared.Server
}

// Database is a fresh database of one test.
type Database struct {
	URI   string // of a role without privileges that owns the database
	Admin string // the same database for a role that may do anything
	Role  string // the role of URI
}

// NewDatabase makes a database on the shared server; it is dropped when the
// test is over.
func NewDatabase(t testing.TB) Database {
	t.Helper()
	return sharedServer(t).NewDatabase(t)
}

// NewDatabase makes a database; it is dropped when the test is over.
func (s *Server) NewDatabase(t testing.TB) Database {
	t.Helper()
	name := "gondola_" + strings.ToLower(rand.Text()[:12])
	password := rand.Text()
	s.exec(t,
		fmt.Sprintf("CREATE ROLE %s LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD '%s'", name, password),
		fmt.Sprintf("CREATE DATABASE %s OWNER %s TEMPLATE template0 ENCODING 'UTF8'", name, name),
		fmt.Sprintf("REVOKE ALL ON DATABASE %s FROM PUBLIC", name),
	)
	t.Cleanup(func() {
		if s.own != nil && s.own.cmd == nil {
			return // its files go as a whole
		}
		s.exec(t, fmt.Sprintf("DROP DATABASE %s WITH (FORCE)", name), fmt.Sprintf("DROP ROLE %s", name))
	})
	return Database{URI: s.uri(t, url.UserPassword(name, password), name), Admin: s.uri(t, nil, name), Role: name}
}

// uri returns the URI of one of the server's databases, for its superuser if
// user is nil.
func (s *Server) uri(t testing.TB, user *url.Userinfo, database string) string {
	t.Helper()
	u, err := url.Parse(s.admin)
	if err != nil {
		t.Fatalf("%s is not a URI", uriVariable)
	}
	u.Path = "/" + database
	if user != nil {
		u.User = user
	}
	return u.String()
}

func (s *Server) exec(t testing.TB, statements ...string) {
	t.Helper()
	Exec(t, s.admin, statements...)
}

// Exec executes statements at the database with this URI, each on its own.
func Exec(t testing.TB, uri string, statements ...string) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	conn, err := pgx.Connect(ctx, uri)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	for _, sql := range statements {
		if _, err := conn.Exec(ctx, sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
}
