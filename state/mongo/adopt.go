package mongo

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/q2google"
)

// inReach selects the batch numbers that q2google counts to.
var inReach = pairs("$lt", state.FirstBatchIndex)

// readWhole reads a session of which q2google wrote some. Items without a Seq come
// after the others, by name, so that they get the same one each time.
func (s session) readWhole(ctx context.Context, header bson.Raw) (*q2google.Session, error) {
	ctx, cancel := context.WithTimeout(ctx, slowTime)
	defer cancel()
	data, where, err := jsonOf(sessionsName, header, fieldID)
	if err != nil {
		return nil, err
	}
	d := &state.Document{}
	if d.Session, err = (q2google.Codec{}).DecodeSession(data); err != nil {
		return nil, corrupt(where, err)
	}
	cursor, err := s.b.items().Find(ctx, pairs(fieldSession, s.id), options.Find().SetSort(pairs(fieldFile, 1)))
	if err != nil {
		return nil, err
	}
	defer cursor.Close(ctx)
	for cursor.Next(ctx) {
		row, err := rowOf(cursor.Current)
		if err != nil {
			return nil, err
		}
		it, err := q2google.Codec{}.DecodeItem(row.Document)
		if err != nil {
			return nil, corrupt(row.Where, err)
		}
		d.Items = append(d.Items, it)
	}
	if err := cursor.Err(); err != nil {
		return nil, err
	}
	batches, err := s.batchPage(ctx, minIndex, 0) // all
	if err != nil {
		return nil, err
	}
	for _, row := range batches {
		batch, err := q2google.Codec{}.DecodeBatch(row.Document)
		if err != nil {
			return nil, corrupt(row.Where, err)
		}
		d.Batches = append(d.Batches, batch)
	}
	return q2google.Read(d, isOurs(header))
}

// adopt rewrites once what q2google wrote, before Gondola changes it. An
// interrupted adoption begins again.
func (s session) adopt(ctx context.Context, header bson.Raw) error {
	theirs, err := s.readWhole(ctx, header)
	if err != nil {
		return err
	}
	for w := range theirs.Adopt(false) {
		if err := (&update{session: s, ctx: ctx, stored: true}).Write(w); err != nil {
			return err
		}
	}
	s.b.o.Logger.Info("session of q2google taken over", "session", s.id, "items", len(theirs.Rows))
	return nil
}
