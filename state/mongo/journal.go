package mongo

import (
	"context"
	"errors"
	"iter"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/driver"
)

var _ driver.Journal = (*store)(nil)

// unsynced are the options of collections whose last second a crash may cost.
func unsynced() *options.CollectionOptionsBuilder {
	return options.Collection().SetWriteConcern(writeconcern.W1())
}

// Append adds entries to the journal in one insert, once: what a server that does
// not answer has lost is not repeated. The server's disk is not waited for.
func (b *store) Append(ctx context.Context, id string, entries []driver.Entry) error {
	docs := make([]bson.D, len(entries))
	first := b.numbers(len(entries))
	for i, e := range entries {
		doc, err := toBSON(e.Document)
		if err != nil {
			return b.session(id).refused(err)
		}
		docs[i] = append(pairs(fieldSession, id, fieldNumber, first+int64(i)), doc...)
	}
	return b.once(ctx, id, "append to the journal of", func(ctx context.Context) error {
		if _, err := b.journals().InsertMany(ctx, docs); err != nil {
			return err
		}
		return b.prune(ctx, id, int64(len(docs)))
	})
}

// numbers returns the first of n numbers that order entries: microseconds, or one more
// than the number before, so that those of the next process are greater.
func (b *store) numbers(n int) int64 {
	for {
		last := b.number.Load()
		first := max(last+1, time.Now().UnixMicro())
		if b.number.CompareAndSwap(last, first+int64(n)-1) {
			return first
		}
	}
}

// once makes one attempt at a change of what belongs to a stored session.
func (b *store) once(ctx context.Context, id, what string, do func(context.Context) error) error {
	err := b.Check(ctx, id)
	if err == nil {
		err = b.prepare(ctx)
	}
	if err == nil {
		_, err = b.session(id).header(ctx)
	}
	if err == nil {
		err = do(ctx)
	}
	return b.changed(ctx, b.session(id).op(what), err)
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
	err := findOne(ctx, b.journals(), pairs(fieldSession, id), &oldest,
		options.FindOne().SetSort(pairs(fieldNumber, -1)).SetSkip(state.JournalKept).SetProjection(pairs(fieldNumber, 1)))
	if errors.Is(err, driver.ErrNotFound) {
		return nil
	}
	if err == nil {
		_, err = b.journals().DeleteMany(ctx, pairs(fieldSession, id, fieldNumber, pairs("$lte", oldest.Number)))
	}
	return err
}

// Entries iterates the entries that q selects, in the order of their numbers or
// against it.
func (b *store) Entries(ctx context.Context, id string, q driver.EntryQuery) iter.Seq2[driver.Entry, error] {
	return q.Pages(func(after int64) (page []driver.Entry, err error) {
		filter, order := pairs(fieldSession, id, fieldNumber, pairs("$gt", after), fieldItem, q.Key), 1
		if q.Newest {
			filter, order = pairs(fieldSession, id, fieldNumber, pairs("$lt", after)), -1
		}
		var docs []bson.Raw
		err = b.ask(ctx, b.session(id).op("read the journal of"), func(ctx context.Context) error {
			return find(ctx, b.journals(), filter, &docs, options.Find().SetSort(pairs(fieldNumber, order)).SetLimit(driver.EntryPage))
		})
		for _, raw := range docs {
			var e driver.Entry
			if e, err = entryOf(raw); err != nil {
				break
			}
			page = append(page, e)
		}
		return page, err
	})
}

func entryOf(raw bson.Raw) (e driver.Entry, err error) {
	e.Number, _ = raw.Lookup(fieldNumber).AsInt64OK()
	e.Document, _, err = jsonOf(journalName, raw, fieldID, fieldSession, fieldNumber)
	return e, err
}

// PutSnapshot replaces the snapshot, as Append appends. What it says is kept as text.
func (b *store) PutSnapshot(ctx context.Context, id string, v driver.Snapshot) error {
	doc := pairs(fieldID, id, "at", v.At.Format(time.RFC3339Nano), "document", string(v.Document))
	return b.once(ctx, id, "store a snapshot of", func(ctx context.Context) error {
		return upsert(ctx, b.snapshots(), pairs(fieldID, id), doc)
	})
}

// Snapshot returns the snapshot.
func (b *store) Snapshot(ctx context.Context, id string) (v driver.Snapshot, err error) {
	err = b.ask(ctx, b.session(id).op("read a snapshot of"), func(ctx context.Context) error {
		var found struct{ At, Document string }
		err := findOne(ctx, b.snapshots(), pairs(fieldID, id), &found)
		if err == nil {
			v.Document = []byte(found.Document)
			v.At, err = time.Parse(time.RFC3339Nano, found.At)
		}
		return err
	})
	return v, err
}
