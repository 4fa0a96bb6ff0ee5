package sqlite

import (
	"context"
	"errors"
	"strings"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/state/lease"
)

func (b *db) sound(ctx context.Context, pragma string) error {
	var damages []string
	err := b.read(ctx, "check", pragma, nil, func(r row) error {
		var line string
		err := r.Scan(&line)
		if line != "ok" {
			damages = append(damages, strings.TrimSpace(line))
		}
		return err
	})
	if err != nil || len(damages) == 0 {
		return err
	}
	return &fault.Error{
		Class: fault.Session, Code: fault.State, Op: "check " + b.path,
		Err: errors.New(strings.Join(damages, "; ")), Hint: damaged,
	}
}

// machineKey is where the table store has the machine that used the file last.
const machineKey = "machine"

// checkAfterOutage looks the database over if the machine, or the container,
// that used it last is not this one and has left it unclosed: it went down, and
// its disk may have lost what it had called durable. A process that was merely
// killed damages nothing.
func (b *db) checkAfterOutage(ctx context.Context, unclean bool) error {
	var last string
	err := b.read(ctx, "open state database", "SELECT value FROM store WHERE name = ?", []any{machineKey}, func(r row) error { return r.Scan(&last) })
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
	if err := b.noteMachine(ctx, here); err != nil && ctx.Err() == nil {
		b.log.Warn("the state database can be read, and not changed", "error", err)
	}
	return ctx.Err()
}

func (b *db) noteMachine(ctx context.Context, here string) error {
	return b.write(ctx, "note the machine in", func(t *tx) error {
		return t.exec("INSERT INTO store (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", machineKey, here)
	})
}

// useWAL makes readers and the writer independent of each other.
func (b *db) useWAL(ctx context.Context) error {
	mode := ""
	err := b.outside(ctx, "PRAGMA journal_mode = WAL", func(r row) error { return r.Scan(&mode) })
	if err == nil && mode != "wal" {
		err = errNotShared
	}
	return b.fault(ctx, "open state database", err)
}

var errNotShared = errors.New("its processes cannot share memory beside it")
