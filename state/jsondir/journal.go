package jsondir

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/gondola-sync/gondola/internal/regular"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/driver"
)

var _ driver.Journal = (*db)(nil)

// The files of a session's journal, beside its header. A full journal becomes the
// former one, in place of that.
const (
	journalFile  = "/journal.jsonl"
	formerFile   = "/journal.former.jsonl"
	snapshotFile = "/snapshot.json"

	journalSize = 128 << 20 // bytes after which a journal is full
)

// Append appends entries to the journal, a line each, without syncing it.
func (b *db) Append(ctx context.Context, id string, entries []driver.Entry) error {
	s, err := b.journalDir(ctx, id)
	if err != nil {
		return err
	}
	var lines []byte
	for _, e := range entries {
		lines = append(append(lines, e.Document...), '\n')
	}
	s.history.Lock()
	defer s.history.Unlock()
	if err := s.rotate(); err != nil {
		return err
	}
	return b.step("append to", s.dir+journalFile, func() error { return b.appendTo(s.dir+journalFile, lines, false) })
}

// journalDir returns a session that is stored, for its journal: one in a flat file
// gets a directory. Its items are not looked at.
func (b *db) journalDir(ctx context.Context, id string) (*session, error) {
	s, _, err := b.stored(ctx, id)
	if err == nil && !s.b.exists(s.dir) {
		err = b.makeDir(s.dir)
	}
	return s, err
}

// rotate sets a full journal aside, and drops the former one.
func (s *session) rotate() error {
	name := s.dir + journalFile
	info, err := s.b.root.Stat(name)
	if err != nil || info.Size() < s.b.journalSize {
		return nil // there is none yet, or append says what is wrong
	}
	return s.b.rename(name, s.dir+formerFile)
}

// PutSnapshot replaces the snapshot by renaming, without syncing it.
func (b *db) PutSnapshot(ctx context.Context, id string, v driver.Snapshot) error {
	s, err := b.journalDir(ctx, id)
	if err != nil {
		return err
	}
	s.history.Lock()
	defer s.history.Unlock()
	data := fmt.Appendf(nil, "{\"at\":%q,\"document\":%s}\n", v.At.Format(time.RFC3339Nano), v.Document)
	return b.replaceFile(s.dir+snapshotFile, data, false)
}

// Snapshot returns the snapshot. One that a crash has damaged is none.
func (b *db) Snapshot(ctx context.Context, id string) (v driver.Snapshot, err error) {
	s, err := b.session(ctx, id)
	if err != nil {
		return v, err
	}
	data, err := regular.ReadIn(b.root, s.dir+snapshotFile, state.MaxSnapshot+1<<10)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return v, b.fault("read", s.dir+snapshotFile, err)
	}
	if err != nil || json.Unmarshal(data, &v) != nil || v.Document == nil {
		return driver.Snapshot{}, driver.ErrNotFound
	}
	return v, nil
}
