package jsondir

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"slices"

	"github.com/gondola-sync/gondola/internal/regular"
	"github.com/gondola-sync/gondola/state"
)

// Timeline iterates the entries of one item, or of the session's stages: as many as
// there are of one are kept in memory, since a journal is read from its end.
func (b *db) Timeline(ctx context.Context, id, key string) iter.Seq2[state.JournalEntry, error] {
	text, _ := json.Marshal(state.JournalEntry{Key: key}.Bounded().Key)
	return func(yield func(state.JournalEntry, error) bool) {
		var entries []state.JournalEntry
		for e, err := range b.entries(ctx, id, fmt.Appendf(nil, `{"key":%s,`, text)) {
			if err != nil {
				yield(e, err)
				return
			}
			entries = append(entries, e)
		}
		for _, e := range slices.Backward(entries) {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// Newest iterates all entries, newest first.
func (b *db) Newest(ctx context.Context, id string) iter.Seq2[state.JournalEntry, error] {
	return b.entries(ctx, id, nil)
}

// entries iterates the entries whose lines have a beginning, newest first. Other
// lines, and those that a crash cut short, are passed over.
func (b *db) entries(ctx context.Context, id string, begin []byte) iter.Seq2[state.JournalEntry, error] {
	return func(yield func(e state.JournalEntry, err error) bool) {
		s, err := b.journal(ctx, id)
		if err != nil {
			yield(state.JournalEntry{}, err)
			return
		}
		for line, err := range s.lines(ctx) {
			var e state.JournalEntry
			switch {
			case err != nil:
				err = cmp.Or(ctx.Err(), b.fault("read", s.dir+journalFile, err))
			case !bytes.HasPrefix(line, begin) || json.Unmarshal(line, &e) != nil:
				continue
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// lines iterates the lines of both files, the last one first. A line must not be
// kept.
func (s *session) lines(ctx context.Context) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		files, err := s.openJournals()
		defer closeAll(files)
		if err != nil {
			yield(nil, err)
			return
		}
		for _, f := range files {
			for line, err := range linesFromEnd(ctx, f) {
				if !yield(line, err) || err != nil {
					return
				}
			}
		}
	}
}

// openJournals opens the journal, then the former one. A journal that is set
// aside in between is opened once.
func (s *session) openJournals() (files []*os.File, err error) {
	var first fs.FileInfo
	for _, name := range []string{s.dir + journalFile, s.dir + formerFile} {
		f, err := regular.OpenIn(s.b.root, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return files, err
		}
		info, err := f.Stat()
		if err != nil || first != nil && os.SameFile(first, info) {
			return files, errors.Join(err, f.Close())
		}
		files, first = append(files, f), info
	}
	return files, nil
}

func closeAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}

// linesFromEnd iterates the lines of a file, the last one first.
func linesFromEnd(ctx context.Context, f *os.File) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		info, err := f.Stat()
		if err != nil {
			yield(nil, err)
			return
		}
		var rest []byte // the end of a line whose beginning has not been read yet
		for end := info.Size(); end > 0; {
			size := min(end, maxEntry)
			end -= size
			block := make([]byte, size, size+int64(len(rest)))
			_, err := f.ReadAt(block, end)
			if err = cmp.Or(ctx.Err(), err); err != nil {
				yield(nil, err)
				return
			}
			block = append(block, rest...)
			for cut := bytes.LastIndexByte(block, '\n'); cut >= 0; cut = bytes.LastIndexByte(block, '\n') {
				if !yield(block[cut+1:], nil) {
					return
				}
				block = block[:cut]
			}
			if rest = block; len(rest) > maxEntry {
				rest = nil // no entry is so long
			}
		}
		yield(rest, nil)
	}
}
