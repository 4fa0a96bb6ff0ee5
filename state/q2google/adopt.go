package q2google

import (
	"bytes"
	"cmp"
	"iter"
	"slices"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/driver"
)

// Session is a session of which q2google wrote some, as Gondola takes it over. A
// store shows readers what is in memory here, and makes the writes of
// [Session.Adopt] before the first change.
type Session struct {
	*driver.Memory
	theirs []driver.Row   // that are not stored as they are in memory
	moves  []driver.Batch // of low numbers: written anew, or under another number and removed
}

// Read returns a session that has been read whole. Items that q2google wrote, which
// have no Seq, come after the others, in the order in which they are. q2google marks
// every item of an answered create call as completed, whatever the answer said of
// it: so they are reconciled with the answers in the batches, unless the header is
// Gondola's, which has heeded the answers then.
func Read(d *state.Document, ours bool) (*Session, error) {
	answers := newResults(d.Session.UpdatedAt)
	for _, b := range d.Batches {
		if !ours {
			answers.add(b)
		}
	}
	stored := map[string]int64{}
	for _, it := range d.Items {
		if stored[it.Name] = it.Seq; it.Seq == 0 {
			answers.reconcile(it)
		}
	}
	m, err := d.Memory(Codec{})
	if err != nil {
		return nil, err
	}
	s := &Session{Memory: m}
	for _, row := range m.Rows {
		if stored[row.Name] != row.Seq {
			s.theirs = append(s.theirs, row)
		}
	}
	slices.SortFunc(d.Batches, func(a, b *state.Batch) int { return cmp.Compare(a.Index, b.Index) })
	return s, s.renumber(d.Batches)
}

// InReach reports whether q2google would take a batch for one of its next run: it
// counts from 0 each time, and does not send what it finds completed.
func InReach(b *state.Batch) bool {
	return b.Index < state.FirstBatchIndex && b.Status == state.Completed
}

// renumber moves q2google's finished batches beyond the numbers that it counts to:
// to the first one that is free, or that an interrupted adoption has chosen.
func (s *Session) renumber(batches []*state.Batch) error {
	taken := map[int][]byte{}
	for _, b := range s.Batches {
		taken[int(b.Index)] = b.Document
	}
	for n, b := range batches {
		switch {
		case b.Index >= state.FirstBatchIndex:
			continue
		case !InReach(b):
			s.moves = append(s.moves, s.Batches[n])
			continue
		}
		moved := *b
		for moved.Index += state.FirstBatchIndex; ; moved.Index++ {
			document, err := Codec{}.EncodeBatch(&moved)
			if err != nil {
				return err
			}
			if there := taken[moved.Index]; there == nil || bytes.Equal(there, document) {
				taken[moved.Index] = document
				break
			}
		}
		s.moves = append(s.moves, driver.Batch{Index: int64(moved.Index), Document: taken[moved.Index]}, driver.Batch{Index: int64(b.Index)})
	}
	return nil
}

// adoptPage is how many items are rewritten at a time.
const adoptPage = 64

// Adopt iterates the writes that make the session Gondola's, all of it if it is to
// be stored elsewhere than it was read. Each has to be durable before the next. The
// header comes last and keeps its time: until then the session is read as before,
// so that an interrupted adoption begins again.
func (s *Session) Adopt(all bool) iter.Seq[driver.Write] {
	rows, batches := s.theirs, s.moves
	if all {
		rows, batches = s.Rows, slices.Concat(s.Batches, s.moves)
	}
	return func(yield func(driver.Write) bool) {
		for page := range slices.Chunk(rows, adoptPage) {
			var w driver.Write
			for n := range page {
				w.Items = append(w.Items, driver.Change{Before: &page[n], Row: page[n]})
			}
			if !yield(w) {
				return
			}
		}
		for n := range batches {
			if !yield(driver.Write{Batches: batches[n : n+1]}) {
				return
			}
		}
		yield(driver.Write{Header: &s.Header})
	}
}

// ReadFlat reads a whole session in one file, as q2google's first releases kept it.
func ReadFlat(data []byte) (*state.Document, error) { return state.DecodeDocument(data, Codec{}) }
