package sqlite

import (
	"context"
	"regexp"
	"strings"
	"time"

	"github.com/gondola-sync/gondola/state/internal/sqlstore"
)

// dialect is what SQLite does in its own way. The sums are kept by triggers.
var dialect = sqlstore.Dialect{
	Schema: sqlstore.Schema{Files: schema, Newest: 4},
	Remove: []string{
		"DELETE FROM counts WHERE session = (SELECT num FROM sessions WHERE id = ?1)",
		"UPDATE sessions SET id = NULL WHERE id = ?1",
	},
	Append: `INSERT INTO journal (session, number, key, name, stage, status, at, bytes, code, message)
		SELECT s.num, coalesce((SELECT max(number) FROM journal WHERE session = s.num), 0) + 1 + e.key, e.value ->> '$.key',
			coalesce(e.value ->> '$.name', ''), coalesce(e.value ->> '$.stage', ''), coalesce(e.value ->> '$.status', ''),
			e.value ->> '$.at', coalesce(e.value ->> '$.bytes', 0), coalesce(e.value ->> '$.code', ''), coalesce(e.value ->> '$.message', '')
		FROM sessions s, json_each(?2) e WHERE s.id = ?1`,
	Prune: `DELETE FROM journal WHERE session = (SELECT num FROM sessions WHERE id = ?1)
		AND number <= (SELECT max(number) FROM journal WHERE session = (SELECT num FROM sessions WHERE id = ?1)) - ?2`,
	Pruned: 1000,
}

var (
	foreign     = regexp.MustCompile(`::[a-z]+| FOR (UPDATE|SHARE|NO KEY UPDATE)| COLLATE "C"|now\(\) \+ `)
	placeholder = regexp.MustCompile(`\$(\d)`)
)

// translate leaves out of a statement what SQLite does not know.
func translate(sql string) string {
	sql = strings.ReplaceAll(foreign.ReplaceAllString(sql, ""), " gondola.", " ")
	return placeholder.ReplaceAllString(sql, "?$1")
}

// Later returns a time by the machine's clock: the processes that use the file run
// on one.
func (b *db) Later(d time.Duration) any { return time.Now().Add(d).UTC().Format(sqlstore.Stamp) }

// Usable returns an error if the database was closed or ctx has ended.
func (b *db) Usable(ctx context.Context) error {
	return b.using(ctx, "", func() error { return nil })
}

// using does something while the database is open.
func (b *db) using(ctx context.Context, op string, do func() error) error {
	b.mu.RLock()
	defer b.mu.RUnlock()
	if b.closed {
		return errClosed()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return b.fault(ctx, op, do())
}

// Query reads the answer to a question. It waits for a process that has the file
// to itself, as for recovery.
func (b *db) Query(ctx context.Context, op, sql string, args []any, read func(sqlstore.Rows) error) error {
	return b.using(ctx, op+" in", func() error {
		return patiently(ctx, func() error { return b.reads.query(ctx, sql, args, read) })
	})
}

// row reads the first row of an answer, if there is one.
func (b *db) row(ctx context.Context, op, sql string, dest ...any) (found bool, err error) {
	err = b.Query(ctx, op, sql, nil, into(&found, dest...))
	return found, err
}

// Transact runs one transaction: all of it is durable when Transact returns nil,
// and nothing of it is done otherwise.
func (b *db) Transact(ctx context.Context, op string, how sqlstore.How, do func(sqlstore.Tx) error) error {
	return b.using(ctx, op+" in", func() error { return b.writes.transact(ctx, how.Unsynced, do) })
}
