package session_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/engine/session"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// memory is a store whose sessions live as long as the backend made of it.
type memory struct{}

func (memory) Load(context.Context, string) (*state.Document, error) { return nil, state.ErrNotFound }
func (memory) Save(context.Context, *state.Document) error           { return nil }

func backend(t *testing.T) state.Backend {
	b := state.Adapt(memory{})
	t.Cleanup(func() { b.Close() })
	return b
}

// source is a source of some origin.
type source func(context.Context) (string, error)

func (source) Name() string { return "gopro:" }
func (s source) Origin(ctx context.Context) (string, error) {
	return s(ctx)
}
func (source) List(context.Context, media.Window) iter.Seq2[media.Item, error] { return nil }
func (source) Open(context.Context, media.Item, int64, string) (*station.Content, error) {
	return nil, errors.New("not called")
}

func of(origin string) source {
	return func(context.Context) (string, error) { return origin, nil }
}

func failing(err error) source {
	return func(context.Context) (string, error) { return "", err }
}

var (
	denied = &fault.Error{Class: fault.Session, Code: fault.Auth, Op: "sign in"}
	plain  = session.Question{From: "gopro:", To: "gphotos:"}
)

// store stores a session that answers a question.
func store(t *testing.T, b state.Backend, id, origin string, q session.Question) {
	t.Helper()
	h := state.NewSession(id, q.Window, time.Now().UTC())
	h.From, h.To, h.Filter, h.Album, h.Quality, h.Origin = q.From, q.To, q.Filter, q.Album, "source", origin
	if err := b.PutSession(t.Context(), h); err != nil {
		t.Fatal(err)
	}
}

// TestAnotherOriginIsAnotherSession, however the session is named; an origin that
// is not known is no other one.
func TestAnotherOriginIsAnotherSession(t *testing.T) {
	videos := plain
	videos.Filter.Types = []string{"video"}
	for name, stored := range map[string]func(t *testing.T, b state.Backend, origin string) (session.Question, string){
		"derived": func(t *testing.T, b state.Backend, origin string) (session.Question, string) {
			store(t, b, session.Derive(plain), origin, plain)
			return plain, session.Derive(plain)
		},
		"of an earlier version": func(t *testing.T, b state.Backend, origin string) (session.Question, string) {
			store(t, b, session.Derive(plain), origin, videos)
			return videos, session.Derive(plain)
		},
		"beside one of an earlier version": func(t *testing.T, b state.Backend, origin string) (session.Question, string) {
			store(t, b, session.Derive(plain), "gopro:a", videos)
			id, err := session.Find(t.Context(), b, plain, of(origin))
			if err != nil || id == session.Derive(plain) {
				t.Fatal(id, err)
			}
			store(t, b, id, origin, plain)
			return plain, id
		},
	} {
		t.Run(name, func(t *testing.T) {
			find := func(b state.Backend, q session.Question, s source) string {
				id, err := session.Find(t.Context(), b, q, s)
				if err != nil {
					t.Fatal(err)
				}
				return id
			}
			b := backend(t)
			q, id := stored(t, b, "gopro:a")
			for origin, s := range map[string]source{"the same": of("gopro:a"), "unknown": of(""), "not to be had": failing(errors.New("away"))} {
				if got := find(b, q, s); got != id {
					t.Errorf("%s: %s, want %s", origin, got, id)
				}
			}
			second, third := find(b, q, of("gopro:b")), find(b, q, of("gopro:c"))
			if second == id || third == id || second == third || find(b, q, of("gopro:b")) != second {
				t.Errorf("%s, then %s and %s", id, second, third)
			}
			b = backend(t)
			q, id = stored(t, b, "")
			if got := find(b, q, of("gopro:b")); got != id {
				t.Errorf("a session of no origin: %s, want %s", got, id)
			}
		})
	}
}

// TestANamedSessionRefusesAnotherOrigin by its name, and only one that is known.
func TestANamedSessionRefusesAnotherOrigin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := backend(t)
		store(t, b, "mine", "gopro:a", plain)
		s := open(t, b, "mine")
		hanging := source(func(ctx context.Context) (string, error) { <-ctx.Done(); return "", ctx.Err() })
		for name, source := range map[string]source{
			"the same": of("gopro:a"), "unknown": of(""), "fails": failing(errors.New("away")), "denied": failing(denied), "hangs": hanging,
		} {
			began := time.Now()
			if err := s.CheckOrigin(t.Context(), source); err != nil || time.Since(began) > time.Minute {
				t.Errorf("%s: %v after %s", name, err, time.Since(began))
			}
		}
		err := s.CheckOrigin(t.Context(), of("gopro:b"))
		if fault.CodeOf(err) != fault.Auth || !strings.Contains(err.Error(), "session mine") || !strings.Contains(fault.HintOf(err), "--session-id") {
			t.Errorf("another origin: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.CheckOrigin(ctx, hanging); !errors.Is(err, context.Canceled) {
			t.Errorf("stopped: %v", err)
		}
	})
}

func open(t *testing.T, b state.Backend, id string) *session.Session {
	t.Helper()
	s, err := session.Open(t.Context(), t.Context(), b, id, session.Asked{ID: id, Question: plain, MostBatch: 50})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestOriginsAreLearnedOnce and stored.
func TestOriginsAreLearnedOnce(t *testing.T) {
	b := backend(t)
	learn := func(s source) error { return open(t, b, "new").LearnOrigin(t.Context(), s) }
	for name, s := range map[string]source{"unknown": of(""), "fails": failing(errors.New("away"))} {
		if err := learn(s); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := learn(failing(denied)); !errors.Is(err, denied) {
		t.Errorf("denied: %v", err)
	}
	for _, origin := range []string{"gopro:a", "gopro:b"} {
		if err := learn(of(origin)); err != nil {
			t.Error(err)
		}
		if h, err := b.Session(t.Context(), "new"); err != nil || h.Origin != "gopro:a" {
			t.Errorf("learned from %s: %+v, %v", origin, h, err)
		}
	}
}

// TestHeadersAreCopies: what a stage changes later does not change them.
func TestHeadersAreCopies(t *testing.T) {
	s := open(t, backend(t), "new")
	h := s.Header()
	before := fmt.Sprint(h.Stages)
	s.Change(func(h *state.Session) { h.Stages[state.Transfer] = state.Failed })
	if after := fmt.Sprint(h.Stages); after != before {
		t.Errorf("%s became %s", before, after)
	}
}

// place is a destination that knows what it holds.
type place struct {
	station.Destination
	station.Recaller
	account string
}

func (p place) Account(context.Context) (string, error) { return p.account, nil }

// TestAnotherPlaceIsNotBegun opens a new session into a place that other sessions know:
// it must be the place that they know, unless the session was named.
func TestAnotherPlaceIsNotBegun(t *testing.T) {
	b := backend(t)
	q := session.Question{From: "gopro:", To: "folder:/disk"}
	began := func(id string, q session.Question, account string) error {
		s, err := session.Open(t.Context(), t.Context(), b, session.Derive(q)+id, session.Asked{ID: id, Question: q, MostBatch: 50})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Settle(t.Context(), place{account: account}); err != nil {
			return err
		}
		return s.Update(func(*state.Session) {})
	}
	videos, elsewhere := q, q
	videos.Filter.Types, elsewhere.To = []string{"video"}, "folder:/other"
	for _, row := range []struct {
		id      string
		q       session.Question
		account string
		refused bool
	}{
		{"", q, "folder:a", false},
		{"", videos, "folder:b", true},
		{"", elsewhere, "folder:b", false},
		{"", videos, "folder:a", false},
		{"named", q, "folder:b", false},
		{"", session.Question{From: "./x", To: q.To}, "folder:b", false}, // as a named one has
		{"", session.Question{From: "./y", To: q.To}, "folder:c", true},
	} {
		err := began(row.id, row.q, row.account)
		if (err != nil) != row.refused || row.refused && !strings.Contains(err.Error(), "another folder:/disk") {
			t.Errorf("%+v: %v", row, err)
		}
	}
}
