package state_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/statetest"
)

// memory is a store of one's own: whole sessions as JSON texts.
type memory struct {
	docs   map[string][]byte
	writes atomic.Int64
	dead   bool
}

func (m *memory) Load(_ context.Context, id string) (*state.Document, error) {
	data, ok := m.docs[id]
	if !ok {
		return nil, state.ErrNotFound
	}
	d := &state.Document{}
	return d, json.Unmarshal(data, d)
}

func (m *memory) Save(_ context.Context, d *state.Document) error {
	m.writes.Add(1)
	if m.dead {
		return errors.New("dead")
	}
	data, err := json.Marshal(d)
	if err == nil {
		m.docs[d.Session.ID] = data
	}
	return err
}

// full can also list and delete.
type full struct{ *memory }

func (f full) SessionIDs(context.Context) (ids []string, err error) {
	for id := range f.docs {
		ids = append(ids, id)
	}
	return ids, nil
}

func (f full) Delete(_ context.Context, id string) error {
	delete(f.docs, id)
	return nil
}

func TestAdaptSuite(t *testing.T) {
	statetest.Run(t, func(t *testing.T) statetest.Harness {
		m := &memory{docs: map[string][]byte{}}
		return statetest.Harness{
			Open:     func(*testing.T) state.Backend { return state.Adapt(full{m}) },
			Volatile: true,
		}
	})
}

func TestDocumentsKeepEveryField(t *testing.T) { statetest.Codec(t, state.Documents{}) }

func TestAdaptFailedSave(t *testing.T) {
	m := &memory{docs: map[string][]byte{}}
	b, ctx := state.Adapt(m), t.Context()
	s := &state.Session{ID: "s"}
	if err := b.PutSession(ctx, s); err != nil {
		t.Fatal(err)
	}
	m.dead = true
	it := &state.Item{}
	it.Name = "a.jpg"
	if err := b.PutItems(ctx, "s", it); err == nil || it.Seq != 0 {
		t.Errorf("PutItems = %v, Seq %d; want an error and no Seq", err, it.Seq)
	}
	m.dead = false
	if c, err := b.Counts(ctx, "s"); err != nil || c.Total != 0 {
		t.Errorf("Counts = %+v, %v; want what is stored", c, err)
	}
}

func TestAdaptBareStore(t *testing.T) {
	b, ctx := state.Adapt(&memory{docs: map[string][]byte{}}), t.Context()
	if err := b.PutSession(ctx, &state.Session{ID: "s"}); err != nil {
		t.Fatal(err)
	}
	if err := b.DeleteSession(ctx, "s"); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("DeleteSession = %v, want ErrUnsupported", err)
	}
	n := 0
	for s, err := range b.Sessions(ctx) {
		if err != nil || s.ID != "s" {
			t.Errorf("session %v, %v", s, err)
		}
		n++
	}
	if n != 1 {
		t.Errorf("%d sessions, want the one in use", n)
	}
}

func TestOpeners(t *testing.T) {
	m := state.Adapt(&memory{})
	openers := state.Openers{
		"memory": func(context.Context, string) (state.Backend, error) { return m, nil },
		"mongodb": func(_ context.Context, uri string) (state.Backend, error) {
			return nil, errors.New("dial " + uri + ": password s3cr%25et, that is s3cr%et, refused")
		},
	}
	if b, err := openers.Open(t.Context(), "memory:x"); b != m || err != nil {
		t.Errorf("Open(memory:x) = %v, %v", b, err)
	}
	for uri, want := range map[string]string{
		"":                  "known are memory, mongodb",
		"memory":            "known are memory, mongodb",
		"redis://u:pw@host": "open state redis://…@host: not a state URI: unknown kind of state",
		"mongodb://user:s3cr%25et@db.example/q?authSource=hidden": "open state mongodb://…@db.example/q?…: dial mongodb://…@db.example/q?…",
	} {
		_, err := openers.Open(t.Context(), uri)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Open(%s) = %v\nwant %s", uri, err, want)
			continue
		}
		if unknown := strings.Contains(want, "known"); errors.Is(err, state.ErrURI) != unknown {
			t.Errorf("Open(%s) = %v, is ErrURI: %v", uri, err, !unknown)
		}
		for _, secret := range []string{"s3cr", "hidden", "pw@"} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("Open(%s) tells %s: %v", uri, secret, err)
			}
		}
	}
}

func TestCredentials(t *testing.T) {
	for uri, want := range map[string][]string{
		"jsondir:/home/me/sessions":                                nil,
		"postgres://gondola@host/db?sslmode=require":               nil, // a name, and no password
		"postgres://postgres:postgres@host/db":                     nil, // told by the scheme
		"postgres://me:p%40ss@host/db":                             {"me:p%40ss", "me:p@ss", "p%40ss", "p@ss"},
		"postgres://host/db?sslmode=require&password=hush":         {"hush"},
		"mongodb://me:x@a,b/q?tlsCertificateKeyFilePassword=k%20y": {"k%20y", "me:x", "k y", "x"},
	} {
		if got := state.Credentials(uri); !slices.Equal(got, want) {
			t.Errorf("Credentials(%s) = %q, want %q", uri, got, want)
		}
	}
}

// oneFile is a whole backend in ten lines: one file per session.
type oneFile struct{ dir string }

func (f oneFile) path(id string) string { return filepath.Join(f.dir, filepath.Base(id)+".json") }

func (f oneFile) Load(_ context.Context, id string) (*state.Document, error) {
	data, err := os.ReadFile(f.path(id))
	if errors.Is(err, os.ErrNotExist) {
		return nil, state.ErrNotFound
	}
	d := &state.Document{}
	return d, errors.Join(err, json.Unmarshal(data, d))
}

func (f oneFile) Save(_ context.Context, d *state.Document) error {
	data, err := json.Marshal(d)
	return errors.Join(err, os.WriteFile(f.path(d.Session.ID), data, 0o600))
}
