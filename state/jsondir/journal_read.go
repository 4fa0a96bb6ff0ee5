package jsondir

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"slices"

	"github.com/gondola-sync/gondola/internal/regular"
	"github.com/gondola-sync/gondola/state"
)

// Timeline iterates the entries of one item, or of the session's stages.
func (b *db) Timeline(ctx context.Context, id, key string) iter.Seq2[state.JournalEntry, error] {
	text, _ := json.Marshal(state.JournalEntry{Key: key}.Bounded().Key)
	return b.entries(ctx, id, forwards, fmt.Appendf(nil, `{"key":%s,`, text))
}

// Newest iterates all entries, newest first.
func (b *db) Newest(ctx context.Context, id string) iter.Seq2[state.JournalEntry, error] {
	return b.entries(ctx, id, backwards, nil)
}

// entries iterates the entries whose lines have a beginning. Other lines, and
// those that a crash cut short, are passed over.
func (b *db) entries(ctx context.Context, id string, read direction, begin []byte) iter.Seq2[state.JournalEntry, error] {
	return func(yield func(e state.JournalEntry, err error) bool) {
		s, err := b.journal(ctx, id)
		if err != nil {
			yield(state.JournalEntry{}, err)
			return
		}
		for line, err := range s.lines(ctx, read) {
			var e state.JournalEntry
			switch {
			case err != nil:
				err = b.readFault(ctx, s.dir+journalFile, err)
			case !bytes.HasPrefix(line, begin) || json.Unmarshal(line, &e) != nil:
				continue
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

func (b *db) readFault(ctx context.Context, name string, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return b.fault("read", name, err)
}

// direction is how the lines of a journal are read.
type direction struct {
	lines    func(context.Context, *os.File) iter.Seq2[[]byte, error]
	backward bool
}

var (
	forwards  = direction{lines: linesOf}
	backwards = direction{lines: linesFromEnd, backward: true}
)

// lines iterates the lines of both files. A line must not be kept.
func (s *session) lines(ctx context.Context, read direction) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		files, err := s.openJournals()
		defer closeAll(files)
		if err != nil {
			yield(nil, err)
			return
		}
		if !read.backward {
			slices.Reverse(files)
		}
		for _, f := range files {
			for line, err := range read.lines(ctx, f) {
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

// linesOf iterates the whole lines of a file.
func linesOf(ctx context.Context, f *os.File) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		r := bufio.NewReaderSize(f, maxEntry)
		for n := 0; ; n++ {
			line, _, err := readLine(r)
			if errors.Is(err, io.EOF) {
				return
			}
			if err == nil && n%1024 == 0 {
				err = ctx.Err()
			}
			if !yield(line, err) || err != nil {
				return
			}
		}
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
