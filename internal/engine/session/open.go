package session

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/state"
)

// Asked says which session to open.
type Asked struct {
	ID        string   // of the session; "" finds or derives it
	Question  Question // what is to be carried
	BatchSize int      // items per create call; 0 or too large means MostBatch
	MostBatch int      // items per create call that the destination takes
	// Notice is called with each remark that a user should read.
	Notice func(format string, args ...any)
}

// Open returns the session with the given id, or one that is not stored yet. It
// refuses a session that answers another question than asked. lasting bounds what
// is stored while a run is being stopped.
func Open(ctx, lasting context.Context, b state.Backend, id string, asked Asked) (*Session, error) {
	asked.limitBatch()
	s := &Session{ID: id, Window: asked.Question.Window, derived: asked.ID == "", backend: b, lasting: lasting}
	header, err := b.Session(ctx, id)
	if errors.Is(err, state.ErrNotFound) {
		s.header = newHeader(id, asked)
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	if err := Fit(header); err != nil {
		return nil, err
	}
	s.header, s.Foreign = header, header.Foreign
	if s.Window, err = header.CaptureWindow(); err != nil {
		return nil, err
	}
	return s, s.check(ctx, asked)
}

// limitBatch reduces a batch size that the destination does not take, with a notice.
func (a *Asked) limitBatch() {
	if a.BatchSize <= a.MostBatch || a.MostBatch <= 0 {
		return
	}
	if a.Notice != nil {
		a.Notice("%s takes at most %d items with one call: a batch size of %d counts as %d", a.Question.To, a.MostBatch, a.BatchSize, a.MostBatch)
	}
	a.BatchSize = a.MostBatch
}

// OpenStored returns a stored session as it is, or state.ErrNotFound.
func OpenStored(ctx, lasting context.Context, b state.Backend, id string) (*Session, error) {
	header, err := b.Session(ctx, id)
	if err == nil {
		err = Fit(header)
	}
	if err != nil {
		return nil, err
	}
	return &Session{ID: id, Foreign: header.Foreign, backend: b, lasting: lasting, header: header}, nil
}

func newHeader(id string, asked Asked) *state.Session {
	q := asked.Question
	h := state.NewSession(id, q.Window, time.Now().UTC())
	if h.BatchSize = asked.BatchSize; h.BatchSize <= 0 {
		h.BatchSize = asked.MostBatch
	}
	h.From, h.To = q.From, q.To
	h.Album = title(q.Album)
	h.Quality = quality(q.Quality)
	h.Layout, h.Albums = q.Layout, q.Albums
	h.Filter = q.Filter
	return h
}

// Fit refuses a session that must not be changed: one of a newer version, whose
// documents this one may misread, and one whose copying broke off, since items
// that it lacks would be taken for new.
func Fit(h *state.Session) error {
	switch {
	case h.SchemaVersion > state.SchemaVersion:
		return &fault.Error{
			Class: fault.Session, Code: fault.State,
			Op:   fmt.Sprintf("session %s has schema version %d, this gondola knows up to %d", h.ID, h.SchemaVersion, state.SchemaVersion),
			Hint: "go on with the newer gondola, or name another session with --session-id",
		}
	case h.Copying:
		return &fault.Error{
			Class: fault.Session, Code: fault.State,
			Op:   fmt.Sprintf("session %s is not whole: its copying has not come to an end", h.ID),
			Hint: "copy it again, which begins anew, or use the original; gondola sessions rm removes what is here",
		}
	}
	return nil
}

// check refuses to answer another question than the stored session answers. What
// the session does not know yet it takes from the question.
func (s *Session) check(ctx context.Context, a Asked) error {
	h, asked := s.header, a.Question
	asked.Album = title(asked.Album)
	if a.ID != "" {
		asked = asked.completed(h)
	}
	if err := s.nameAlbum(ctx, asked.Album); err != nil {
		return err
	}
	if found := differences(h, asked); len(found) > 0 {
		return otherQuestion(h.ID, found)
	}
	h.Album = asked.Album
	if s.Foreign {
		h.Quality, h.Filter.MaxItems = quality(asked.Quality), asked.Filter.MaxItems
	}
	if a.BatchSize > 0 && h.BatchSize != a.BatchSize && a.Notice != nil {
		a.Notice("session %s keeps its batch size %d; you asked for %d (another --session-id starts another session)", h.ID, h.BatchSize, a.BatchSize)
	}
	return nil
}

// nameAlbum gives an album to a session that has none and nothing at the
// destination yet.
func (s *Session) nameAlbum(ctx context.Context, album string) error {
	if s.header.Album != "" || album == "" {
		return nil
	}
	counts, err := s.Counts(ctx)
	if err == nil && counts.Outcomes[state.OutcomeCreated]+counts.Outcomes[state.OutcomeAlreadyThere] == 0 {
		s.header.Album = album
	}
	return err
}
