package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gondola-sync/gondola/bench/session"
	"github.com/gondola-sync/gondola/state/sqlite"
)

const (
	unitFirst = "s to the first byte"
	openFew   = "10 items"
	openMany  = "1,000,000 items"
	pending   = 10
)

// openRow starts the command anew on a session that is nearly done. The first
// byte is there when the CDN is asked for it.
var openRow = row{
	name:    "open",
	title:   "opening a session with 10 pending items (SQLite), from the start of the process to the first byte",
	target:  "≤ 1 s, and ≤ 64 MiB",
	measure: measureOpen,
	judge: func(s series) (string, bool) {
		first, peak := s.middle(openMany, unitFirst), s.middle(openMany, unitPeak)
		return fmt.Sprintf("%.2f s and %.0f MiB", first, peak), first <= 1 && peak <= 64
	},
}

func measureOpen(ctx context.Context, b *bench, s *series) error {
	for _, row := range []struct {
		name  string
		items int
	}{{openFew, pending}, {openMany, 1_000_000}} {
		if err := b.openings(ctx, s, row.name, row.items); err != nil {
			return err
		}
	}
	return nil
}

// openings carries the pending items of a copy of the same session in each
// round.
func (b *bench) openings(ctx context.Context, s *series, name string, items int) error {
	dir, err := os.MkdirTemp(b.dir, "open-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	began := time.Now()
	path := filepath.Join(dir, "gondola.db")
	store, err := sqlite.Open(ctx, path, sqlite.Options{})
	if err != nil {
		return err
	}
	if err := errors.Join(session.Fill(ctx, store, "large", items, pending), store.Close()); err != nil {
		return err
	}
	b.progress("stored %s in %.0f s", name, time.Since(began).Seconds())
	for range b.rounds {
		if err := b.opening(ctx, s, name, path); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) opening(ctx context.Context, s *series, name, path string) (err error) {
	home, err := os.MkdirTemp(b.dir, "home-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(home)
	database := filepath.Join(home, "gondola.db")
	if err := copyFile(database, path); err != nil {
		return err
	}
	c, err := newCloud(photos(pending, 2e6), nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	used, sum, err := b.syncIn(ctx, c, home, "--state", "sqlite:"+database, "--session-id", "large")
	if err != nil {
		return err
	}
	if sum.Items.Pending+sum.Items.Failed > 0 || sum.Items.Created != sum.Items.Total {
		return fmt.Errorf("%s: ended with %+v", name, sum.Items)
	}
	first, err := c.firstByte()
	if err != nil {
		return err
	}
	s.add(name, unitFirst, first.Sub(used.began).Seconds())
	s.add(name, "s in all", used.wall.Seconds())
	s.addPeak(name, used)
	return c.prove(ctx)
}

// firstByte is when the CDN was first asked for bytes.
func (c *cloud) firstByte() (first time.Time, err error) {
	for _, e := range c.emulator.Log.Entries("cdn.get") {
		if first.IsZero() || e.Time.Before(first) {
			first = e.Time
		}
	}
	if first.IsZero() {
		return first, errors.New("nothing was downloaded")
	}
	return first, nil
}

func copyFile(to, from string) error {
	data, err := os.Open(from)
	if err != nil {
		return err
	}
	defer data.Close()
	f, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.ReadFrom(data)
	return errors.Join(err, f.Sync(), f.Close()) // or the first sync of who is measured would write it all
}
