package postgres_test

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/pgserver"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/postgres"
)

// altered returns a URI that differs.
func altered(t *testing.T, uri string, alter func(*url.URL)) string {
	t.Helper()
	u, err := url.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	alter(u)
	return u.String()
}

// wantFault checks that an error says what is wrong and what to do, and nothing
// that is nobody's business.
func wantFault(t *testing.T, err error, says, hint string, secrets ...string) {
	t.Helper()
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Class != fault.Session || f.Code != fault.State {
		t.Fatalf("%v, want a session-wide fault of the state", err)
	}
	if !strings.Contains(f.Error(), says) {
		t.Errorf("it says %q, want %q in it", f, says)
	}
	if !strings.Contains(f.Hint, hint) || hint == "" {
		t.Errorf("its hint is %q, want %q in it", f.Hint, hint)
	}
	if strings.Contains(f.Error(), "\n") {
		t.Errorf("it has several lines: %q", f)
	}
	for _, secret := range secrets {
		if strings.Contains(f.Error()+f.Hint, secret) {
			t.Errorf("it tells %q: %v; %s", secret, f, f.Hint)
		}
	}
}

const secret = "Geheim%40niswort" // as it stands in a URI

func TestOpenRefused(t *testing.T) {
	db := pgserver.NewDatabase(t)
	for _, tc := range []struct {
		name, uri  string
		says, hint string
	}{
		{"wrong password", altered(t, db.URI, func(u *url.URL) { u.User = url.UserPassword(db.Role, "Geheim@niswort") }), "28P01", "PGPASSWORD"},
		{"unknown user", altered(t, db.URI, func(u *url.URL) { u.User = url.UserPassword("nobody", "Geheim@niswort") }), "28P01", "PGPASSWORD"},
		{"no database", altered(t, db.Admin, func(u *url.URL) { u.Path = "/missing" }), `database "missing" does not exist`, "createdb"},
		{"no TLS", db.URI + "?sslmode=require", "refused TLS", "sslmode"},
		{"nobody there", "postgres://u:" + secret + "@127.0.0.1:1/d?sslmode=disable", "unreachable", "run the same command again"},
		{"no such host", "postgres://u:" + secret + "@host.invalid/d?connect_timeout=1", "unreachable", "run the same command again"},
		{"malformed port", "postgres://u:" + secret + "@h:port/d", "not a state URI", "percent-encoded"},
		{"slash in the password", "postgres://u:Geheim/niswort@h/d", "not a state URI", "percent-encoded"},
		{"unknown sslmode", "postgres://u:" + secret + "@h/d?sslmode=sometimes", "not a state URI", "percent-encoded"},
		{"missing certificate", "postgres://u:" + secret + "@h/d?sslmode=verify-full&sslrootcert=/Geheim", "a file that it names", "percent-encoded"},
		{"another scheme", "mysql://u:" + secret + "@h/d", "does not begin with postgres://", "postgres://"},
		{"empty", "", "does not begin with postgres://", "postgres://"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			b, err := postgres.Open(t.Context(), tc.uri, postgres.Options{})
			if err == nil {
				b.Close()
			}
			wantFault(t, err, tc.says, tc.hint, secret, "Geheim", "niswort")
			if took := time.Since(began); took > 15*time.Second {
				t.Errorf("it took %v", took)
			}
			if unreadable := tc.hint == "percent-encoded" || tc.hint == "postgres://"; errors.Is(err, state.ErrURI) != unreadable {
				t.Errorf("%v, is ErrURI: %v", err, !unreadable)
			}
		})
	}
}

// A wrong password is told without waiting.
func TestRefusedAtOnce(t *testing.T) {
	db := pgserver.NewDatabase(t)
	uri := altered(t, db.URI, func(u *url.URL) { u.User = url.UserPassword(db.Role, "wrong") })
	began := time.Now()
	if _, err := postgres.Open(t.Context(), uri, postgres.Options{OnWait: func(w fault.Wait) { t.Error(w) }}); err == nil {
		t.Fatal("a wrong password is right")
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestOpenerOfEitherScheme(t *testing.T) {
	db := pgserver.NewDatabase(t)
	open := postgres.Opener(postgres.Options{})
	openers := state.Openers{postgres.Scheme: open, postgres.SchemeAlias: open}
	for _, uri := range []string{db.URI, "postgresql" + strings.TrimPrefix(db.URI, "postgres")} {
		b, err := openers.Open(t.Context(), uri)
		if err != nil {
			t.Fatal(err)
		}
		b.Close()
	}
	b, err := openers.Open(t.Context(), db.URI+"&") // an option without a name
	if b != nil || err == nil {
		t.Errorf("opened %v, %v", b, err)
	}
}

func TestEncoding(t *testing.T) {
	db := pgserver.NewDatabase(t)
	name := db.Role + "_latin"
	pgserver.Exec(t, db.Admin, fmt.Sprintf("CREATE DATABASE %s OWNER %s TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'", name, db.Role))
	t.Cleanup(func() { pgserver.Exec(t, db.Admin, "DROP DATABASE "+name+" WITH (FORCE)") })
	_, err := postgres.Open(t.Context(), altered(t, db.URI, func(u *url.URL) { u.Path = "/" + name }), postgres.Options{})
	wantFault(t, err, "LATIN1", "ENCODING 'UTF8'")
}

func TestExisting(t *testing.T) {
	db := pgserver.NewDatabase(t)
	if _, err := postgres.Open(t.Context(), db.URI, postgres.Options{Existing: true}); !errors.Is(err, state.ErrNotFound) {
		t.Errorf("without a schema: %v, want ErrNotFound", err)
	}
	pgserver.Exec(t, db.URI, "CREATE SCHEMA gondola") // it has not been made
	b := open(t, db.URI, postgres.Options{})
	if err := b.PutSession(t.Context(), &state.Session{ID: "s"}); err != nil {
		t.Fatal(err)
	}
	b = open(t, db.URI, postgres.Options{Existing: true})
	if _, err := b.Session(t.Context(), "s"); err != nil {
		t.Error(err)
	}
	said, err := b.Describe(t.Context())
	if err != nil || !strings.HasPrefix(said, "PostgreSQL ") || !strings.Contains(said, db.Role) || !strings.HasSuffix(said, "schema version 5") {
		t.Errorf("Describe = %q, %v", said, err)
	}
}

func TestSchemaOfAnotherVersion(t *testing.T) {
	db := pgserver.NewDatabase(t)
	open(t, db.URI, postgres.Options{}).Close()
	pgserver.Exec(t, db.URI, fmt.Sprintf("INSERT INTO gondola.migrations (version) VALUES (%d)", postgres.Version+1))
	_, err := postgres.Open(t.Context(), db.URI, postgres.Options{})
	wantFault(t, err, fmt.Sprintf("version %d", postgres.Version+1), "newer gondola")

	pgserver.Exec(t, db.URI, "DROP SCHEMA gondola CASCADE", "CREATE SCHEMA gondola",
		"CREATE TABLE gondola.migrations (version integer PRIMARY KEY, applied timestamptz NOT NULL DEFAULT now())")
	open(t, db.URI, postgres.Options{})
}

// A migration that fails leaves nothing behind.
func TestMigrationIsAtomic(t *testing.T) {
	db := pgserver.NewDatabase(t)
	pgserver.Exec(t, db.URI, "CREATE SCHEMA gondola", "CREATE VIEW gondola.status AS SELECT 1 AS mine") // in the way of the last statement
	_, err := postgres.Open(t.Context(), db.URI, postgres.Options{})
	wantFault(t, err, "already exists", "not as Gondola made it")
	pgserver.Exec(t, db.URI, "DROP VIEW gondola.status")
	open(t, db.URI, postgres.Options{})
}

// Programs that open a new database at once make one schema.
func TestMigratingAtOnce(t *testing.T) {
	db := pgserver.NewDatabase(t)
	var wg sync.WaitGroup
	start := make(chan struct{})
	for range 8 {
		wg.Go(func() {
			<-start
			b, err := postgres.Open(t.Context(), db.URI, postgres.Options{})
			if err != nil {
				t.Error(err)
				return
			}
			defer b.Close()
			if err := b.PutSession(t.Context(), &state.Session{ID: "s"}); err != nil {
				t.Error(err)
			}
		})
	}
	close(start)
	wg.Wait()
}

// A role that owns nothing needs a schema that is there and privileges on it,
// and is told which.
func TestPrivileges(t *testing.T) {
	db, guest := pgserver.NewDatabase(t), pgserver.NewDatabase(t)
	uri := altered(t, guest.URI, func(u *url.URL) { u.Path = "/" + db.Role })
	refused := func(says string) {
		t.Helper()
		_, err := postgres.Open(t.Context(), uri, postgres.Options{})
		wantFault(t, err, says, "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA gondola TO "+`"`+guest.Role+`"`)
	}
	grant := func(sql string) { pgserver.Exec(t, db.URI, fmt.Sprintf(sql, guest.Role)) }
	t.Cleanup(func() { pgserver.Exec(t, db.Admin, "DROP OWNED BY "+guest.Role) })

	refused("permission denied for database")
	grant("GRANT CONNECT ON DATABASE " + db.Role + " TO %s")
	refused("permission denied for database") // to make the schema in
	owner := open(t, db.URI, postgres.Options{})
	refused("permission denied for schema gondola")
	grant("GRANT USAGE ON SCHEMA gondola TO %s")
	refused("permission denied for table migrations")
	grant("GRANT SELECT ON ALL TABLES IN SCHEMA gondola TO %s")
	refused("DELETE ON gondola.batches, INSERT ON gondola.batches, UPDATE ON gondola.batches, DELETE ON gondola.counts")
	grant("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA gondola TO %s")

	b := open(t, uri, postgres.Options{})
	useAll(t, b, "of the guest")
	grant("REVOKE INSERT ON gondola.batches FROM %s") // in mid-run
	if err := b.PutSession(t.Context(), &state.Session{ID: "s"}); err != nil {
		t.Fatal(err)
	}
	err := b.PutBatch(t.Context(), "s", &state.Batch{Index: 1})
	wantFault(t, err, "permission denied for table batches", "GRANT")
	useAll(t, owner, "of the owner")
}

// useAll makes every kind of change.
func useAll(t *testing.T, b *postgres.Backend, id string) {
	t.Helper()
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	lock, err := b.Lock(ctx, id)
	must(err)
	must(b.PutSession(ctx, &state.Session{ID: id}))
	must(b.PutItems(ctx, id, item(1), item(2)))
	must(b.PutItems(ctx, id, item(1)))
	must(b.PutBatch(ctx, id, &state.Batch{Index: 1}))
	must(b.DeleteBatch(ctx, id, 1))
	must(b.Record(ctx, state.LedgerEntry{Account: "a", Key: id}))
	must(b.Record(ctx, state.LedgerEntry{Account: "a", Key: id}))
	must(lock.Unlock())
	must(b.DeleteSession(ctx, id))
}

func item(n int) *state.Item {
	return &state.Item{
		Item: media.Item{
			ID:   media.ID{Station: "gopro", Medium: fmt.Sprintf("medium%07d", n), Part: 1, Label: "source"},
			Name: fmt.Sprintf("GX%07d.MP4", n), Size: int64(1000 + n), MIME: "video/mp4", Kind: media.Video,
		},
		Discovery: state.Completed,
	}
}

// A change is durable when it returns, whatever a role's setting.
func TestSynchronousCommit(t *testing.T) {
	db := pgserver.NewDatabase(t)
	pgserver.Exec(t, db.Admin, "ALTER ROLE "+db.Role+" SET synchronous_commit TO off")
	b := open(t, db.URI, postgres.Options{})
	useAll(t, b, "s")
	pgserver.Exec(t, db.Admin, `CREATE FUNCTION gondola.look() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
			IF current_setting('synchronous_commit') = 'off' THEN RAISE 'not durable'; END IF;
			RETURN NEW;
		END $$`, "CREATE TRIGGER look BEFORE INSERT ON gondola.sessions FOR EACH ROW EXECUTE FUNCTION gondola.look()")
	if err := b.PutSession(t.Context(), &state.Session{ID: "s"}); err != nil {
		t.Error(err)
	}
}

func TestConfigure(t *testing.T) {
	const clear = "in the clear"
	for _, tc := range []struct {
		uri, env, want string
	}{
		{"postgres://h.example/d", "", ""},
		{"postgres://h.example,127.0.0.1/d", "", ""}, // the first host counts
		{"postgres://10.0.0.1/d", "", ""},
		{"postgres://localhost/d", "", clear},
		{"postgres://127.0.0.1/d", "", clear},
		{"postgres://[::1]/d", "", clear},
		{"postgres:///d?host=/var/run/postgresql", "", clear},
		{"postgres://h.example/d?sslmode=prefer", "", clear},
		{"postgres://h.example/d?sslmode=disable", "", clear},
		{"postgres://h.example/d?sslmode=verify-full", "", ""},
		{"postgres://h.example/d", "disable", clear},
	} {
		t.Run(tc.uri+tc.env, func(t *testing.T) {
			t.Setenv("PGSSLMODE", tc.env)
			config, err := postgres.Configure(tc.uri)
			if err != nil {
				t.Fatal(err)
			}
			c, got := config.ConnConfig, ""
			if c.TLSConfig == nil {
				got = clear
			}
			for _, f := range c.Fallbacks {
				if f.TLSConfig == nil && f.Host == c.Host {
					got = clear
				}
			}
			if got != tc.want {
				t.Errorf("connects %q, want %q", got, tc.want)
			}
			if c.ConnectTimeout == 0 || c.RuntimeParams["application_name"] != "gondola" {
				t.Errorf("timeout %v, name %q", c.ConnectTimeout, c.RuntimeParams["application_name"])
			}
		})
	}
}

func FuzzConfigure(f *testing.F) {
	f.Add("secret word", "h", "d")
	f.Add("se/cret@word", "h:p", "d?x")
	f.Add("se?cretword", "[::1", "%zz")
	f.Fuzz(func(t *testing.T, password, host, database string) {
		if len(password) < 6 || strings.ContainsAny(database, "?&") {
			t.Skip("too short to be told from other words, or options that name files")
		}
		_, err := postgres.Configure("postgres://user:" + password + "@" + host + "/" + database)
		if err != nil && strings.Contains(err.Error()+fault.HintOf(err), password) {
			t.Errorf("the password %q is in %v", password, err)
		}
	})
}
