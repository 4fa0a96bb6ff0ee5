package mongo

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state/driver"
)

// The collections.
const (
	sessionsName = "sessions"
	itemsName    = "items"
	batchesName  = "batches"
	ledgerName   = "gondola_ledger"
	leasesName   = "gondola_leases"
	journalName  = "gondola_journal"
	snapshotName = "gondola_snapshots"
	schemaName   = "gondola_schema"
)

// Fields that queries name.
const (
	fieldID       = "_id"
	fieldSession  = "session_id"
	fieldFile     = "file_name"
	fieldBatch    = "batch_index"
	fieldStatus   = "status"
	fieldUpdated  = "updated_at"
	fieldKey      = "gondola.id"
	fieldSeq      = "gondola.seq"
	fieldAwaits   = "gondola_awaits"
	fieldOutcome  = "gondola_outcome"
	fieldBytes    = "gondola_bytes"
	fieldCarried  = "gondola_carried"
	fieldCaptured = "gondola_captured"
	fieldRenaming = "gondola_renaming"
	fieldAccount  = "account"
	fieldItem     = "key"
	fieldNumber   = "number"
)

func (b *store) headers() *mongo.Collection { return b.db.Collection(sessionsName) }
func (b *store) items() *mongo.Collection   { return b.db.Collection(itemsName) }
func (b *store) batches() *mongo.Collection { return b.db.Collection(batchesName) }
func (b *store) ledger() *mongo.Collection  { return b.db.Collection(ledgerName) }
func (b *store) leases() *mongo.Collection  { return b.db.Collection(leasesName) }
func (b *store) schema() *mongo.Collection  { return b.db.Collection(schemaName) }
func (b *store) journals() *mongo.Collection {
	return b.db.Collection(journalName, unsynced())
}
func (b *store) snapshots() *mongo.Collection {
	return b.db.Collection(snapshotName, unsynced())
}

// pairs returns a document: a field and its value, and so on.
func pairs(list ...any) bson.D {
	d := make(bson.D, 0, len(list)/2)
	for i := 0; i < len(list); i += 2 {
		d = append(d, bson.E{Key: list[i].(string), Value: list[i+1]})
	}
	return d
}

// findOne reads the first document that a filter selects, or returns
// driver.ErrNotFound.
func findOne(ctx context.Context, c *mongo.Collection, filter bson.D, doc any, o ...options.Lister[options.FindOneOptions]) error {
	err := c.FindOne(ctx, filter, o...).Decode(doc)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return driver.ErrNotFound
	}
	return err
}

// exists reports whether a filter selects a document.
func exists(ctx context.Context, c *mongo.Collection, filter bson.D) (bool, error) {
	var doc bson.Raw
	err := findOne(ctx, c, filter, &doc, options.FindOne().SetProjection(pairs(fieldID, 1)))
	if errors.Is(err, driver.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// find reads all documents that a filter selects.
func find[T any](ctx context.Context, c *mongo.Collection, filter bson.D, docs *[]T, o ...options.Lister[options.FindOptions]) error {
	cursor, err := c.Find(ctx, filter, o...)
	if err != nil {
		return err
	}
	*docs = nil
	return cursor.All(ctx, docs)
}

// index is one of a collection. Its name is the one that the driver, like
// q2google's, makes of the fields.
type index struct {
	collection string
	fields     []string
	unique     bool
}

// indexes are q2google's, then ours. Sums are read from that of the outcomes alone.
var indexes = []index{
	{sessionsName, []string{fieldSession}, true},
	{itemsName, []string{fieldSession, fieldFile}, true},
	{batchesName, []string{fieldSession, fieldBatch}, true},
	{itemsName, []string{fieldSession, fieldKey}, false},
	{itemsName, []string{fieldSession, fieldSeq}, false},
	{itemsName, []string{fieldSession, fieldAwaits, fieldSeq}, false},
	{itemsName, []string{fieldSession, fieldOutcome, fieldSeq, fieldBytes, fieldCarried}, false},
	{itemsName, []string{fieldSession, fieldCaptured, fieldSeq}, false},
	{ledgerName, []string{fieldAccount, fieldItem}, true},
	{journalName, []string{fieldSession, fieldNumber}, false},
	{journalName, []string{fieldSession, fieldItem, fieldNumber}, false},
}

// version returns the version of what is stored; 0 if Gondola has stored
// nothing yet.
func (b *store) version(ctx context.Context) (int, error) {
	var doc struct{ Version int }
	err := findOne(ctx, b.schema(), pairs(fieldID, "schema"), &doc)
	if errors.Is(err, driver.ErrNotFound) {
		return 0, nil
	}
	return doc.Version, err
}

// prepare makes the indexes, and says which version this is, before the first
// change. Several processes may do so at once.
func (b *store) prepare(ctx context.Context) error {
	if b.prepared.Load() {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, slowTime)
	defer cancel()
	for _, ix := range indexes {
		keys := bson.D{}
		for _, field := range ix.fields {
			keys = append(keys, bson.E{Key: field, Value: 1})
		}
		model := mongo.IndexModel{Keys: keys, Options: options.Index().SetUnique(ix.unique)}
		if !ix.unique {
			model.Options = nil // as q2google leaves it
		}
		if _, err := b.db.Collection(ix.collection).Indexes().CreateOne(ctx, model); err != nil {
			return err
		}
	}
	if err := b.dropFormerIndex(ctx); err != nil {
		return err
	}
	_, err := b.schema().UpdateOne(ctx, pairs(fieldID, "schema"), pairs("$set", pairs("version", knownVersion)), options.UpdateOne().SetUpsert(true))
	if err != nil && !mongo.IsDuplicateKeyError(err) {
		return err
	}
	b.prepared.Store(true)
	return nil
}

// formerIndex is of a version of Gondola that did not search by outcome.
const formerIndex = "session_id_1_gondola_outcome_1_gondola_bytes_1_gondola_carried_1"

func (b *store) dropFormerIndex(ctx context.Context) error {
	err := b.items().Indexes().DropOne(ctx, formerIndex)
	if isMissing := hasCode(codeIndexNotFound); isMissing(err) {
		return nil
	}
	return err
}

// uncaptured selects the items that an earlier version of Gondola stored.
func (s session) uncaptured() bson.D { return pairs(fieldSession, s.id, fieldCaptured, nil) }

// fillCaptured stores when items were captured where an earlier version of Gondola
// has stored them.
func (s session) fillCaptured(ctx context.Context) error {
	for {
		var docs []bson.Raw
		err := find(ctx, s.b.items(), s.uncaptured(), &docs,
			options.Find().SetProjection(pairs("gondola.captured_at", 1)).SetLimit(pageSize))
		if err != nil || len(docs) == 0 {
			return err
		}
		var models []mongo.WriteModel
		for _, raw := range docs {
			text, _ := raw.Lookup("gondola", "captured_at").StringValueOK()
			at, _ := time.Parse(time.RFC3339, text)
			models = append(models, mongo.NewUpdateOneModel().SetFilter(pairs(fieldID, raw.Lookup(fieldID))).
				SetUpdate(pairs("$set", pairs(fieldCaptured, driver.SortableTime(media.Moment(at))))))
		}
		if _, err := s.b.items().BulkWrite(ctx, models); err != nil {
			return err
		}
	}
}
