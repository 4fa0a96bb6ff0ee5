package mongo

import (
	"context"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// Names of items that stand aside while others take their names lie between
// these two; no station gives such names.
const (
	asideFrom = "gondola/renaming/"
	asideTo   = "gondola/renaming0" // the character after "/"
)

// standsAside selects their names.
var standsAside = pairs("$gte", asideFrom, "$lt", asideTo)

// renaming notes the names of an item that stands aside.
type renaming struct {
	From string `bson:"from"`
	To   string `bson:"to"`
}

// aside returns the document of an item that steps aside.
func aside(p *put) bson.D {
	doc := make(bson.D, 0, len(p.doc)+1)
	for _, e := range p.doc {
		if e.Key == fieldFile {
			e.Value = fmt.Sprintf("%s%d", asideFrom, p.seq)
		}
		doc = append(doc, e)
	}
	return append(doc, bson.E{Key: fieldRenaming, Value: renaming{From: p.e.Name, To: p.name}})
}

// finishRenaming gives items their names that an interrupted change left standing
// aside. All stood aside before the first took its new name: if one of these names
// still belongs to an item that did not step aside, all go back to their old ones,
// which are free; otherwise all go on.
func (s session) finishRenaming(ctx context.Context) error {
	var all []struct {
		ID    bson.RawValue `bson:"_id"`
		Names renaming      `bson:"gondola_renaming"`
	}
	err := find(ctx, s.b.items(), pairs(fieldSession, s.id, fieldFile, standsAside), &all, options.Find().SetProjection(pairs(fieldRenaming, 1)))
	if err != nil || len(all) == 0 {
		return err
	}
	var names bson.A
	for _, a := range all {
		names = append(names, a.Names.To)
	}
	back, err := exists(ctx, s.b.items(), pairs(fieldSession, s.id, fieldFile, pairs("$in", names)))
	if err != nil {
		return err
	}
	var writes []mongo.WriteModel
	for _, a := range all {
		name := a.Names.To
		if back {
			name = a.Names.From
		}
		if name != "" { // of an item that another program gave such a name
			writes = append(writes, mongo.NewUpdateOneModel().SetFilter(pairs(fieldID, a.ID)).
				SetUpdate(pairs("$set", pairs(fieldFile, name), "$unset", pairs(fieldRenaming, ""))))
		}
	}
	if len(writes) > 0 {
		_, err = s.b.items().BulkWrite(ctx, writes)
	}
	return err
}
