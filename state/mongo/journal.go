package mongo

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"math"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"github.com/gondola-sync/gondola/state"
)

var _ state.Journal = (*store)(nil)

// unsynced are the options of collections whose last second a crash may cost.
func unsynced() *options.CollectionOptionsBuilder {
	return options.Collection().SetWriteConcern(writeconcern.W1())
}

// Append adds entries to the journal in one insert, once: what a server that does
// not answer has lost is not repeated. The server's disk is not waited for.
func (b *store) Append(ctx context.Context, id string, entries ...state.JournalEntry) error {
	s, err := b.journalOf(ctx, id)
	if err != nil || len(entries) == 0 {
		return err
	}
	docs := make([]bson.D, len(entries))
	for i, number := range b.numbers(len(entries)) {
		data, err := json.Marshal(entries[i].Bounded())
		if err == nil {
			docs[i], err = toBSON(data)
		}
		if err != nil {
			return s.refused(err)
		}
		docs[i] = append(pairs(fieldSession, id, fieldNumber, number), docs[i]...)
	}
	return s.once(ctx, "append to the journal of", func(ctx context.Context) error {
		if _, err := b.journals().InsertMany(ctx, docs); err != nil {
			return err
		}
		return s.prune(ctx, int64(len(docs)))
	})
}

// journalOf returns a session, or an error if none can have this id.
func (b *store) journalOf(ctx context.Context, id string) (*session, error) {
	if err := b.usable(ctx); err != nil {
		return nil, err
	}
	if !validText(id) {
		return nil, state.ErrNotFound
	}
	return b.session(id), nil
}

// numbers returns numbers that order entries: microseconds, or one more than the
// number before, so that those of the next process are greater.
func (b *store) numbers(n int) []int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := make([]int64, n)
	for i := range list {
		b.lastNumber = max(b.lastNumber+1, time.Now().UnixMicro())
		list[i] = b.lastNumber
	}
	return list
}

// once makes one attempt at a change of what belongs to a stored session.
func (s *session) once(ctx context.Context, what string, do func(context.Context) error) error {
	err := s.b.keeper.Check(ctx, s.id)
	if err == nil {
		err = s.b.prepare(ctx)
	}
	if err == nil {
		err = s.isStored(ctx)
	}
	if err == nil {
		err = do(ctx)
	}
	if usable := s.b.usable(ctx); usable != nil && err != nil {
		return usable
	}
	if err != nil {
		return s.b.fault(s.op(what), err)
	}
	return nil
}

// isStored returns ErrNotFound if there is no such session.
func (s *session) isStored(ctx context.Context) error {
	there, err := exists(ctx, s.b.headers(), pairs(fieldSession, s.id))
	if err == nil && !there {
		err = state.ErrNotFound
	}
	return err
}

// pruned is after how many entries of a process the oldest ones are dropped.
const pruned = 10_000

// prune drops what is older than the entries that are kept: with the first entry
// of this process, and from time to time.
func (s *session) prune(ctx context.Context, added int64) error {
	if after := s.b.appended.Add(added); after > added && after/pruned == (after-added)/pruned {
		return nil
	}
	var oldest struct{ Number int64 }
	err := s.b.journals().FindOne(ctx, pairs(fieldSession, s.id),
		options.FindOne().SetSort(pairs(fieldNumber, -1)).SetSkip(s.b.kept).SetProjection(pairs(fieldNumber, 1))).Decode(&oldest)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return nil
	}
	if err == nil {
		_, err = s.b.journals().DeleteMany(ctx, pairs(fieldSession, s.id, fieldNumber, pairs("$lte", oldest.Number)))
	}
	return err
}

// Timeline iterates the entries of one item, or of the session's stages.
func (b *store) Timeline(ctx context.Context, id, key string) iter.Seq2[state.JournalEntry, error] {
	return b.entries(ctx, id, 1, fieldItem, state.JournalEntry{Key: key}.Bounded().Key)
}

// Newest iterates all entries, newest first.
func (b *store) Newest(ctx context.Context, id string) iter.Seq2[state.JournalEntry, error] {
	return b.entries(ctx, id, -1)
}

// entries iterates the entries with some fields, a page at a time, in the order
// of their numbers, or against it if order is -1.
func (b *store) entries(ctx context.Context, id string, order int, fields ...any) iter.Seq2[state.JournalEntry, error] {
	return func(yield func(state.JournalEntry, error) bool) {
		s, err := b.journalOf(ctx, id)
		if err == nil {
			err = b.call(ctx, s.op("read the journal of"), s.isStored)
		}
		after := pairs("$gt", int64(0))
		if order < 0 {
			after = pairs("$lt", int64(math.MaxInt64))
		}
		for more := true; err == nil && more; {
			var page []state.JournalEntry
			err = b.call(ctx, s.op("read the journal of"), func(ctx context.Context) (err error) {
				filter := append(pairs(fieldSession, id, fieldNumber, after), pairs(fields...)...)
				page, after[0].Value, err = b.entriesPage(ctx, filter, order)
				return err
			})
			for _, e := range page {
				if !yield(e, nil) {
					return
				}
			}
			more = len(page) == pageSize
		}
		if err != nil {
			yield(state.JournalEntry{}, err)
		}
	}
}

// entriesPage returns the next entries, and the number of the last one.
func (b *store) entriesPage(ctx context.Context, filter bson.D, order int) (page []state.JournalEntry, last int64, err error) {
	cursor, err := b.journals().Find(ctx, filter, options.Find().SetSort(pairs(fieldNumber, order)).SetLimit(pageSize))
	if err != nil {
		return nil, 0, err
	}
	var docs []bson.Raw
	if err := cursor.All(ctx, &docs); err != nil {
		return nil, 0, err
	}
	for _, raw := range docs {
		var e state.JournalEntry
		data, err := toJSON(raw, fieldID, fieldSession, fieldNumber)
		if err == nil {
			err = json.Unmarshal(data, &e)
		}
		if err != nil {
			return nil, 0, corrupt(place(journalName, raw), err)
		}
		page, last = append(page, e), raw.Lookup(fieldNumber).AsInt64()
	}
	return page, last, nil
}

// snapshot is a document of its collection. What it says is kept as text, since
// nothing but whoever wrote it reads it.
type snapshot struct {
	Session  string `bson:"_id"`
	At       string `bson:"at"`
	Document string `bson:"document"`
}

// PutSnapshot replaces the snapshot, as Append appends.
func (b *store) PutSnapshot(ctx context.Context, id string, at time.Time, document []byte) error {
	s, err := b.journalOf(ctx, id)
	if err != nil {
		return err
	}
	if err := state.CheckSnapshot(document); err != nil {
		return s.refused(err)
	}
	doc := pairs(fieldID, id, "at", at.UTC().Format(time.RFC3339Nano), "document", string(document))
	return s.once(ctx, "store a snapshot of", func(ctx context.Context) error {
		return upsert(ctx, b.snapshots(), pairs(fieldID, id), doc)
	})
}

// Snapshot returns the snapshot.
func (b *store) Snapshot(ctx context.Context, id string) ([]byte, time.Time, error) {
	s, err := b.journalOf(ctx, id)
	if err != nil {
		return nil, time.Time{}, err
	}
	var found snapshot
	err = b.call(ctx, s.op("read a snapshot of"), func(ctx context.Context) error {
		if err := s.isStored(ctx); err != nil {
			return err
		}
		err := b.snapshots().FindOne(ctx, pairs(fieldID, id)).Decode(&found)
		if errors.Is(err, mongo.ErrNoDocuments) {
			err = state.ErrNotFound
		}
		return err
	})
	if err != nil {
		return nil, time.Time{}, err
	}
	at, err := time.Parse(time.RFC3339Nano, found.At)
	if err != nil {
		return nil, time.Time{}, b.fault(s.op("read a snapshot of"), err)
	}
	return []byte(found.Document), at, nil
}
