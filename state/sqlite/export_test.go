package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"testing"

	sqlite "modernc.org/sqlite"

	"github.com/gondola-sync/gondola/state"
)

// Watch lets a test see each change of the database before it is made, and
// refuse it.
func Watch(b state.Backend, watch func(sql string) error) {
	w := b.(*Backend).db.writes
	if w.acquire(context.Background()) == nil {
		w.watch = watch
		w.release()
	}
}

// Written returns how many pages have been written so far.
func (b *Backend) Written() (pages int) {
	w := b.db.writes
	if w.acquire(context.Background()) != nil {
		return 0
	}
	defer w.release()
	_ = w.conn.Raw(func(c any) (err error) {
		pages, _, err = c.(sqlite.DBStatus).Status(sqlite.DBStatusCacheWrite, false)
		return err
	})
	return pages
}

// KeepInJournals sets how many entries of a journal are kept.
func KeepInJournals(b *Backend, n int64) { b.db.KeepInJournals(n) }

// Exec runs a statement on the writer's connection, beside all rules.
func (b *Backend) Exec(query string) error {
	w := b.db.writes
	if err := w.acquire(context.Background()); err != nil {
		return err
	}
	defer w.release()
	_, err := w.conn.ExecContext(context.Background(), query)
	return err
}

// Number returns the answer to a question that is a number.
func (b *Backend) Number(t testing.TB, query string) (n int64) {
	t.Helper()
	if _, err := b.db.row(t.Context(), "ask", query, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// Plans tells how SQLite answers each statement that b has prepared.
func (b *Backend) Plans(t testing.TB) map[string][]string {
	t.Helper()
	plans := map[string][]string{}
	for _, kept := range []map[string]*sql.Stmt{b.db.reads.kept, b.db.writes.kept} {
		for query := range kept {
			plans[query] = nil
		}
	}
	for query := range plans {
		rows, err := b.db.reads.db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+translate(query), make([]any, 16)...)
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		for rows.Next() {
			var step string
			var ignored int
			if err := rows.Scan(&ignored, &ignored, &ignored, &step); err != nil {
				t.Fatal(err)
			}
			plans[query] = append(plans[query], step)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Fatal(err)
		}
	}
	return plans
}

// Synchronous returns the setting of the writer's connection, within a watch.
func Synchronous(t testing.TB, b *Backend) (setting int64) {
	t.Helper()
	if err := b.db.writes.conn.QueryRowContext(t.Context(), "PRAGMA synchronous").Scan(&setting); err != nil {
		t.Fatal(err)
	}
	return setting
}
