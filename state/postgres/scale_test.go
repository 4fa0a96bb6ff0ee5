package postgres_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/gondola-sync/gondola/internal/pgserver"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/postgres"
)

// What is done all the time reads a few rows of a session, not all of them, even
// when the database knows nothing of the table's size yet.
func TestNothingIsScanned(t *testing.T) {
	const items = 10_000
	db := filled(t, items)
	for _, analyzed := range []bool{false, true} {
		if analyzed {
			pgserver.Exec(t, db.URI, "ANALYZE")
		}
		before := rowsRead(t, db.URI)
		work(t, db.URI)
		if n := rowsRead(t, db.URI) - before; n == 0 || n > items {
			t.Errorf("analyzed %v: %d rows were read of %d items", analyzed, n, items)
		} else {
			t.Logf("analyzed %v: %d rows were read", analyzed, n)
		}
	}
}

// work does what a run does, and more than once, so that plans are kept.
func work(t *testing.T, uri string) {
	t.Helper()
	b := open(t, uri, postgres.Options{})
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for run := range 7 {
		for it, err := range b.Items(ctx, "s", state.Query{Awaiting: state.Transfer, Limit: 3}) {
			must(err)
			it.Transfer = state.Completed
			must(b.PutItems(ctx, "s", it))
		}
		_, err := b.Session(ctx, "s")
		must(err)
		_, err = b.Counts(ctx, "s")
		must(err)
		it, err := b.Item(ctx, "s", item(2000).ID.Key())
		must(err)
		_, err = b.ItemNamed(ctx, "s", it.Name)
		must(err)
		must(b.PutSession(ctx, &state.Session{ID: "s"}))
		var many []*state.Item
		for n := range 100 {
			many = append(many, item(2500+n), item(30_000+100*run+n))
		}
		must(b.PutItems(ctx, "s", many...))
		for _, err := range b.Items(ctx, "s", state.Query{After: 9_990, Limit: 5}) {
			must(err)
		}
		for _, order := range []state.Order{state.BySeq, state.ByName, state.ByCaptured} {
			for _, q := range []state.Query{{}, {After: 5000}, {After: 5000, Descending: true}} {
				if q.Order, q.Limit = order, 5; order == state.BySeq {
					q.Outcome = state.OutcomePending
				}
				for _, err := range b.Items(ctx, "s", q) {
					must(err)
				}
				q.Outcome, q.Awaiting, q.Prefix = state.OutcomePending, state.Transfer, "GX" // as most do
				for _, err := range b.Items(ctx, "s", q) {
					must(err)
				}
			}
		}
	}
	must(b.Close())
}

// rowsRead returns how many rows that belong to items have been read so far. The
// server counts them when a connection ends, so that it waits for all to.
func rowsRead(t *testing.T, uri string) (n int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), uri)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	for others := 1; others > 0; {
		err := conn.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`).Scan(&others)
		if err != nil {
			t.Fatal(err)
		}
	}
	err = conn.QueryRow(t.Context(), `SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint FROM pg_stat_user_tables
		WHERE schemaname = 'gondola' AND relname = 'items'`).Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// filled returns a database with a session "s" of n items that await transfer.
func filled(t testing.TB, n int) pgserver.Database {
	t.Helper()
	db := pgserver.NewDatabase(t)
	b := open(t, db.URI, postgres.Options{})
	if err := b.PutSession(t.Context(), &state.Session{ID: "s"}); err != nil {
		t.Fatal(err)
	}
	for from := 0; from < n; from += 500 {
		var items []*state.Item
		for k := from; k < min(n, from+500); k++ {
			items = append(items, item(k))
		}
		if err := b.PutItems(t.Context(), "s", items...); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	return db
}
