package mongo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/driver"
)

// slowTime bounds commands that go through many documents.
const slowTime = 10 * time.Minute

// header is what is stored of a session without its items.
type header struct {
	*state.Session
	ours bool // Gondola wrote it last
}

// header reads the session's header, or returns driver.ErrNotFound.
func (s *session) header(ctx context.Context) (*header, error) {
	raw, err := s.b.headers().FindOne(ctx, pairs(fieldSession, s.id)).Raw()
	if errors.Is(err, mongo.ErrNoDocuments) {
		return nil, driver.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return decodeHeader(raw)
}

func decodeHeader(raw bson.Raw) (*header, error) {
	data, err := toJSON(raw, fieldID)
	h := &header{}
	if err == nil {
		h.Session, h.ours, err = state.DecodeSession(data)
	}
	if err != nil {
		return nil, corrupt(place(sessionsName, raw), err)
	}
	return h, nil
}

// place says which document of which collection and session this is.
func place(collection string, raw bson.Raw) string {
	return fmt.Sprintf("document %s of collection %s, session %s", raw.Lookup(fieldID), collection, raw.Lookup(fieldSession))
}

// corrupt is the fault of a document that cannot be read.
func corrupt(where string, err error) error {
	return &fault.Error{
		Class: fault.Session, Code: fault.State, Op: "read " + where, Err: err,
		Hint: "correct the document or delete it, then run the same command again",
	}
}

// Damaged is the fault of a document that cannot be read.
func (b *store) Damaged(where string, err error) error { return corrupt(where, err) }

// Header returns a session's header.
func (b *store) Header(ctx context.Context, id string) (row driver.Header, err error) {
	s := b.session(id)
	err = b.call(ctx, s.op("read"), func(ctx context.Context) error {
		h, err := s.header(ctx)
		if err == nil {
			row, err = h.row()
		}
		return err
	})
	return row, err
}

func (h *header) row() (driver.Header, error) {
	document, err := state.EncodeSession(h.Session)
	return driver.Header{ID: h.ID, Updated: h.UpdatedAt, Document: document}, err
}

// refused is the fault of what cannot be stored.
func (s *session) refused(err error) error {
	return &fault.Error{Class: fault.Session, Code: fault.State, Op: s.op("store"), Err: err}
}

// upsert replaces the document that filter names, or inserts it. That another
// process inserts it at the same time is no error.
func upsert(ctx context.Context, c *mongo.Collection, filter, doc bson.D) error {
	var err error
	for range 3 {
		_, err = c.ReplaceOne(ctx, filter, doc, options.Replace().SetUpsert(true))
		if !mongo.IsDuplicateKeyError(err) {
			break
		}
	}
	return err
}

// clear removes the session's items, batches and journal.
func (s *session) clear(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, slowTime)
	defer cancel()
	for _, c := range []*mongo.Collection{s.b.items(), s.b.batches(), s.b.journals()} {
		if _, err := c.DeleteMany(ctx, pairs(fieldSession, s.id)); err != nil {
			return err
		}
	}
	_, err := s.b.snapshots().DeleteOne(ctx, pairs(fieldID, s.id))
	return err
}

// Delete removes a session: first its header, so that an interrupted
// deletion leaves no session, then the rest. It also removes what an interrupted
// one has left. It returns a *state.LockedError if another process holds the
// session.
func (b *store) Delete(ctx context.Context, id string) error {
	s := b.session(id)
	if err := b.call(ctx, s.op("delete"), func(ctx context.Context) error {
		for _, c := range []*mongo.Collection{b.headers(), b.items(), b.batches(), b.journals()} {
			if there, err := exists(ctx, c, pairs(fieldSession, id)); there || err != nil {
				return err
			}
		}
		there, err := exists(ctx, b.snapshots(), pairs(fieldID, id))
		if err == nil && !there {
			err = driver.ErrNotFound
		}
		return err
	}); err != nil {
		return err
	}
	if b.keeper.Token(id) == "" {
		lock, err := b.Lock(ctx, id)
		if err != nil {
			return err
		}
		defer lock.Unlock() // runs out otherwise
	}
	defer s.forget()
	return s.inTurn(ctx, "delete", func(ctx context.Context) error {
		if _, err := b.headers().DeleteOne(ctx, pairs(fieldSession, id)); err != nil {
			return err
		}
		return s.clear(ctx)
	})
}

// listed is one session of a listing.
type listed struct {
	ID        bson.RawValue `bson:"_id"`
	UpdatedAt bson.RawValue `bson:"updated_at"`
	Session   bson.RawValue `bson:"session_id"`
}

func (l listed) updated() string {
	text, _ := l.UpdatedAt.StringValueOK()
	return text
}

// Headers lists headers, most recently updated first. Which there are is asked
// once, what they say some at a time.
func (b *store) Headers(ctx context.Context) iter.Seq2[driver.Header, error] {
	return func(yield func(driver.Header, error) bool) {
		all, err := b.list(ctx)
		for page := range slices.Chunk(all, pageSize) {
			var docs map[string]bson.Raw
			if docs, err = b.fetch(ctx, b.headers(), ids(page, func(l listed) bson.RawValue { return l.ID })); err != nil {
				break
			}
			for _, l := range page {
				raw, ok := docs[identity(l.ID)]
				if !ok {
					continue // deleted meanwhile
				}
				row := driver.Header{}
				h, err := decodeHeader(raw)
				if err == nil {
					row, err = h.row()
				} else {
					row.ID, _ = l.Session.StringValueOK()
				}
				if !yield(row, err) {
					return
				}
			}
		}
		if err != nil {
			yield(driver.Header{}, err)
		}
	}
}

func (b *store) list(ctx context.Context) ([]listed, error) {
	var all []listed
	err := b.call(ctx, "list sessions", func(ctx context.Context) error {
		cursor, err := b.headers().Find(ctx, bson.D{}, options.Find().SetProjection(pairs(fieldUpdated, 1, fieldSession, 1)))
		if err != nil {
			return err
		}
		all = nil
		return cursor.All(ctx, &all)
	})
	// Times in UTC of one form; a fraction that is left out sorts as zero does.
	slices.SortStableFunc(all, func(a, b listed) int {
		return cmp.Or(cmp.Compare(b.updated(), a.updated()), cmp.Compare(identity(a.Session), identity(b.Session)))
	})
	return all, err
}

// identity returns a value as the key of a map.
func identity(v bson.RawValue) string { return string(v.Type) + string(v.Value) }

func ids[T any](list []T, id func(T) bson.RawValue) bson.A {
	a := make(bson.A, len(list))
	for i, v := range list {
		a[i] = id(v)
	}
	return a
}

// fetch reads documents by _id.
func (b *store) fetch(ctx context.Context, c *mongo.Collection, ids bson.A) (map[string]bson.Raw, error) {
	docs := map[string]bson.Raw{}
	err := b.call(ctx, "read state", func(ctx context.Context) error { return fetch(ctx, c, ids, docs) })
	return docs, err
}

func fetch(ctx context.Context, c *mongo.Collection, ids bson.A, docs map[string]bson.Raw) error {
	cursor, err := c.Find(ctx, pairs(fieldID, pairs("$in", ids)))
	if err != nil {
		return err
	}
	var list []bson.Raw
	if err := cursor.All(ctx, &list); err != nil {
		return err
	}
	for _, raw := range list {
		docs[identity(raw.Lookup(fieldID))] = raw
	}
	return nil
}
