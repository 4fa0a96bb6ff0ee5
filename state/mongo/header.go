package mongo

import (
	"context"
	"iter"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/gondola-sync/gondola/state/driver"
)

// slowTime bounds commands that go through many documents.
const slowTime = 10 * time.Minute

// Header returns a session's header.
func (b *store) Header(ctx context.Context, id string) (h driver.Header, err error) {
	s := b.session(id)
	err = b.ask(ctx, s.op("read"), func(ctx context.Context) error {
		raw, err := s.header(ctx)
		if err == nil {
			h, err = headerOf(raw)
		}
		return err
	})
	return h, err
}

// header reads the session's header, or returns driver.ErrNotFound.
func (s session) header(ctx context.Context) (raw bson.Raw, err error) {
	err = findOne(ctx, s.b.headers(), pairs(fieldSession, s.id), &raw)
	return raw, err
}

func headerOf(raw bson.Raw) (h driver.Header, err error) {
	h.ID, _ = raw.Lookup(fieldSession).StringValueOK()
	h.Document, _, err = jsonOf(sessionsName, raw, fieldID)
	return h, err
}

// Damaged is the fault of a document that cannot be read.
func (b *store) Damaged(where string, err error) error { return corrupt(where, err) }

// refused is the fault of what cannot be stored.
func (s session) refused(err error) error { return broken(s.op("store"), err, "") }

// part is what a collection holds of a session.
type part struct {
	*mongo.Collection
	filter bson.D
}

// parts returns all that is stored of a session, the header first.
func (s session) parts() []part {
	mine := pairs(fieldSession, s.id)
	return []part{{s.b.headers(), mine}, {s.b.items(), mine}, {s.b.batches(), mine}, {s.b.journals(), mine}, {s.b.snapshots(), pairs(fieldID, s.id)}}
}

func remove(ctx context.Context, parts []part) error {
	ctx, cancel := context.WithTimeout(ctx, slowTime)
	defer cancel()
	for _, p := range parts {
		if _, err := p.DeleteMany(ctx, p.filter); err != nil {
			return err
		}
	}
	return nil
}

// Delete removes a session: first its header, so that an interrupted deletion
// leaves no session, then the rest. It also removes what an interrupted one has
// left.
func (b *store) Delete(ctx context.Context, id string) error {
	s := b.session(id)
	if err := b.call(ctx, s.op("delete"), func(ctx context.Context) error {
		for _, p := range s.parts() {
			if there, err := exists(ctx, p.Collection, p.filter); there || err != nil {
				return err
			}
		}
		return driver.ErrNotFound
	}); err != nil {
		return err
	}
	defer s.forget()
	return s.change(ctx, "delete", func(ctx context.Context) error { return remove(ctx, s.parts()) })
}

// Headers lists headers, most recently updated first. Their times are in UTC and
// of one form; a fraction that is left out sorts as zero does.
func (b *store) Headers(ctx context.Context) iter.Seq2[driver.Header, error] {
	return func(yield func(driver.Header, error) bool) {
		var docs []bson.Raw
		if err := b.ask(ctx, "list sessions", func(ctx context.Context) error {
			return find(ctx, b.headers(), bson.D{}, &docs, options.Find().SetSort(pairs(fieldUpdated, -1, fieldSession, 1)))
		}); err != nil {
			yield(driver.Header{}, err)
		}
		for _, raw := range docs {
			if !yield(headerOf(raw)) {
				return
			}
		}
	}
}
