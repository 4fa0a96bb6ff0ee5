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
	"github.com/gondola-sync/gondola/state/driver"
)

// Entries iterates the entries that q selects. Those of a key are kept in memory,
// since a journal is read from its end.
func (b *db) Entries(ctx context.Context, id string, q driver.EntryQuery) iter.Seq2[driver.Entry, error] {
	if q.Newest {
		return b.newest(ctx, id, []byte(`{"key":`))
	}
	key, _ := json.Marshal(q.Key)
	return func(yield func(driver.Entry, error) bool) {
		var entries []driver.Entry
		for e, err := range b.newest(ctx, id, fmt.Appendf(nil, `{"key":%s,`, key)) {
			if err != nil {
				yield(e, err)
				return
			}
			entries = append(entries, driver.Entry{Document: bytes.Clone(e.Document)})
		}
		for _, e := range slices.Backward(entries) {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// newest iterates the entries whose lines have a beginning, newest first. Other
// lines, and those that a crash cut short, are passed over.
func (b *db) newest(ctx context.Context, id string, begin []byte) iter.Seq2[driver.Entry, error] {
	return func(yield func(driver.Entry, error) bool) {
		s, err := b.session(ctx, id)
		if err != nil {
			yield(driver.Entry{}, err)
			return
		}
		files, err := s.openJournals()
		defer closeAll(files)
		for n := 0; err == nil && n < len(files); n++ {
			for line, failed := range linesFromEnd(ctx, files[n]) {
				if err = failed; err != nil {
					break
				}
				if bytes.HasPrefix(line, begin) && json.Valid(line) && !yield(driver.Entry{Document: line}, nil) {
					return
				}
			}
		}
		if err != nil {
			yield(driver.Entry{}, cmp.Or(ctx.Err(), b.fault("read", s.dir+journalFile, err)))
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

// linesFromEnd iterates the lines of a file, the last one first. A line must not be
// kept.
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
