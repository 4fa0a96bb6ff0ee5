package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"github.com/gondola-sync/gondola/internal/pgserver"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/postgres"
	"github.com/gondola-sync/gondola/state/statetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(pgserver.Wrap(m)) }

// TestOtherModes runs what a URI may ask for: statements prepared by name, and
// statements with everything as text.
func TestOtherModes(t *testing.T) {
	for _, mode := range []string{"cache_statement", "describe_exec", "exec", "simple_protocol"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			b := open(t, pgserver.NewDatabase(t).URI+"?default_query_exec_mode="+mode, postgres.Options{})
			for n := range 3 {
				useAll(t, b, fmt.Sprint(n))
				useJournal(t, b, fmt.Sprint(n))
			}
		})
	}
}

func TestSuite(t *testing.T) {
	statetest.Run(t, func(t *testing.T) statetest.Harness {
		uri := pgserver.NewDatabase(t).URI
		meter := &meter{}
		return statetest.Harness{
			Open: func(t *testing.T) state.Backend {
				b, err := postgres.Open(t.Context(), uri, postgres.Options{})
				if err != nil {
					t.Fatal(err)
				}
				b.Watch(meter.count)
				return b
			},
			Shared: true,
			Break:  func(b state.Backend, n int) { breakAt(b.(*postgres.Backend), n) },
			Expire: func(t *testing.T) { pgserver.Exec(t, uri, "UPDATE gondola.leases SET until = now()") },
			Misset: func(t *testing.T) { pgserver.Exec(t, uri, "UPDATE gondola.leases SET until = '2099-01-01'") },
			Cost:   meter.cost,
		}
	})
}

// meter counts what is written.
type meter struct{ writes, bytes atomic.Int64 }

func (m *meter) count(sql string, args []any) error {
	m.writes.Add(1)
	m.bytes.Add(int64(len(sql) + len(fmt.Sprint(args...))))
	return nil
}

func (m *meter) cost() statetest.Cost {
	return statetest.Cost{Writes: m.writes.Load(), Bytes: m.bytes.Load()}
}

var errDead = errors.New("the process is dead")

// breakAt lets the process die at the nth step of its changes: a statement, a
// commit, or the answer to one.
func breakAt(b *postgres.Backend, n int) {
	var count atomic.Int64
	b.Watch(func(string, []any) error {
		if count.Add(1) >= int64(n) {
			return errDead
		}
		return nil
	})
}

func open(t testing.TB, uri string, o postgres.Options) *postgres.Backend {
	t.Helper()
	b, err := postgres.Open(context.WithoutCancel(t.Context()), uri, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}
