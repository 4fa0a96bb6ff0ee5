package sqlite

import (
	"context"
	"errors"
	"strings"

	"github.com/gondola-sync/gondola/state/driver"
	"github.com/gondola-sync/gondola/state/internal/sqlstore"
	"github.com/gondola-sync/gondola/state/lease"
)

func (b *db) sound(ctx context.Context, pragma string) error {
	var damages []string
	err := b.Query(ctx, "check", pragma, nil, func(rows sqlstore.Rows) error {
		damages = nil
		for rows.Next() {
			var line string
			if err := rows.Scan(&line); err != nil {
				return err
			}
			if line != "ok" {
				damages = append(damages, strings.TrimSpace(line))
			}
		}
		return rows.Err()
	})
	if err != nil || len(damages) == 0 {
		return err
	}
	return driver.Fault("check "+b.path, errors.New(strings.Join(damages, "; ")), damaged)
}

// checkAfterOutage reads the whole database if the machine, or the container,
// that used it last is not this one and has left it unclosed: it went down, and
// its disk may have lost what it had called durable. A process that was merely
// killed damages nothing.
func (b *db) checkAfterOutage(ctx context.Context, unclean bool) error {
	var last string
	_, err := b.row(ctx, "open state database", "SELECT value FROM store WHERE name = 'machine'", &last)
	here := lease.Machine()
	if err != nil || last == here {
		return err
	}
	if unclean && last != "" {
		b.log.Warn("the machine went down while the state database was in use: it is read once from end to end", "path", b.path)
		if err := b.sound(ctx, "PRAGMA quick_check(3)"); err != nil {
			return err
		}
	}
	err = b.Change(ctx, "note the machine", sqlstore.How{}, func(t sqlstore.Tx) error {
		t.Exec("REPLACE INTO store (name, value) VALUES ('machine', ?)", here)
		return t.Send()
	})
	if err != nil && ctx.Err() == nil && b.existing { // the caller may only want to read
		b.log.Warn("the state database can be read, and not changed", "error", err)
		return nil
	}
	return err
}

// useWAL makes readers and the writer independent of each other.
func (b *db) useWAL(ctx context.Context) error {
	mode := ""
	err := patiently(ctx, func() error {
		p := openPool(sourceName(b.path), 1)
		err := p.query(ctx, "PRAGMA journal_mode = WAL", nil, into(new(bool), &mode))
		return errors.Join(err, p.close())
	})
	if err == nil && mode != "wal" {
		err = errNotShared
	}
	return b.fault(ctx, "open state database", err)
}

var errNotShared = errors.New("its processes cannot share memory beside it")
