package mongo

import (
	"context"
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
	if len(entries) == 0 {
		return b.usable(ctx)
	}
	docs := make([]bson.D, len(entries))
	for i, number := range b.numbers(len(entries)) {
		doc, err := encode(entries[i].Bounded())
		if err != nil {
			return b.session(id).refused(err)
		}
		docs[i] = append(pairs(fieldSession, id, fieldNumber, number), doc...)
	}
	return b.once(ctx, id, "append to the journal of", func(ctx context.Context) error {
		if _, err := b.journals().InsertMany(ctx, docs); err != nil {
			return err
		}
		return b.prune(ctx, id, int64(len(docs)))
	})
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
func (b *store) once(ctx context.Context, id, what string, do func(context.Context) error) error {
	err := b.usable(ctx)
	if err == nil {
		err = b.keeper.Check(ctx, id)
	}
	if err == nil {
		err = b.prepare(ctx)
	}
	if err == nil {
		err = b.isStored(ctx, id)
	}
	if err == nil {
		err = do(ctx)
	}
	if usable := b.usable(ctx); usable != nil && err != nil {
		return usable
	}
	if err != nil {
		return b.fault(b.session(id).op(what), err)
	}
	return nil
}

// isStored returns ErrNotFound if there is no such session.
func (b *store) isStored(ctx context.Context, id string) error {
	if !validText(id) {
		return state.ErrNotFound
	}
	there, err := exists(ctx, b.headers(), pairs(fieldSession, id))
	if err == nil && !there {
		err = state.ErrNotFound
	}
	return err
}

// pruned is after how many entries of a process the oldest ones are dropped.
const pruned = 10_000

// prune drops what is older than the entries that are kept: with the first entry
// of this process, and from time to time.
func (b *store) prune(ctx context.Context, id string, added int64) error {
	if after := b.appended.Add(added); after > added && after/pruned == (after-added)/pruned {
		return nil
	}
	var oldest struct{ Number int64 }
	err := b.journals().FindOne(ctx, pairs(fieldSession, id),
		options.FindOne().SetSort(pairs(fieldNumber, -1)).SetSkip(b.kept).SetProjection(pairs(fieldNumber, 1))).Decode(&oldest)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return nil
	}
	if err == nil {
		_, err = b.journals().DeleteMany(ctx, pairs(fieldSession, id, fieldNumber, pairs("$lte", oldest.Number)))
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
		after := pairs("$gt", int64(0))
		if order < 0 {
			after = pairs("$lt", int64(math.MaxInt64))
		}
		filter := append(pairs(fieldSession, id, fieldNumber, after), pairs(fields...)...)
		for more := true; more; {
			docs, err := b.entriesPage(ctx, id, filter, order)
			for _, raw := range docs {
				var e state.JournalEntry
				if err = decode(journalName, raw, &e); err != nil {
					break
				}
				if !yield(e, nil) {
					return
				}
				after[0].Value = raw.Lookup(fieldNumber).AsInt64()
			}
			if err != nil {
				yield(state.JournalEntry{}, err)
			}
			more = err == nil && len(docs) == pageSize
		}
	}
}

func (b *store) entriesPage(ctx context.Context, id string, filter bson.D, order int) (docs []bson.Raw, err error) {
	err = b.call(ctx, b.session(id).op("read the journal of"), func(ctx context.Context) error {
		if err := b.isStored(ctx, id); err != nil {
			return err
		}
		return find(ctx, b.journals(), filter, &docs, options.Find().SetSort(pairs(fieldNumber, order)).SetLimit(pageSize))
	})
	return docs, err
}

// snapshot is a document of its collection. What it says is kept as text.
type snapshot struct {
	Session  string `bson:"_id"`
	At       string `bson:"at"`
	Document string `bson:"document"`
}

// PutSnapshot replaces the snapshot, as Append appends.
func (b *store) PutSnapshot(ctx context.Context, id string, at time.Time, document []byte) error {
	if err := state.CheckSnapshot(document); err != nil {
		return b.session(id).refused(err)
	}
	doc := pairs(fieldID, id, "at", at.UTC().Format(time.RFC3339Nano), "document", string(document))
	return b.once(ctx, id, "store a snapshot of", func(ctx context.Context) error {
		return upsert(ctx, b.snapshots(), pairs(fieldID, id), doc)
	})
}

// Snapshot returns the snapshot.
func (b *store) Snapshot(ctx context.Context, id string) (document []byte, at time.Time, err error) {
	err = b.call(ctx, b.session(id).op("read a snapshot of"), func(ctx context.Context) error {
		if err := b.isStored(ctx, id); err != nil {
			return err
		}
		var found snapshot
		err := b.snapshots().FindOne(ctx, pairs(fieldID, id)).Decode(&found)
		if errors.Is(err, mongo.ErrNoDocuments) {
			return state.ErrNotFound
		}
		if err == nil {
			document = []byte(found.Document)
			at, err = time.Parse(time.RFC3339Nano, found.At)
		}
		return err
	})
	return document, at, err
}
