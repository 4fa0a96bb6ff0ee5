package mongo

import (
	"context"
	"fmt"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/gondola-sync/gondola/state/driver"
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

// step is one of those that store changes.
type step struct {
	driver.Change
	from  string // name of the document that it replaces; "" for a new one
	aside bool   // the item steps aside
}

// order returns the steps that store changes so that no two items ever have the same
// name. Items between which names change hands first step aside, all of them, each
// with its names noted in its document (see finishRenaming). New items come last.
func order(changes []driver.Change) []step {
	given, taken := map[string]bool{}, map[string]bool{}
	for _, c := range changes {
		if c.Before != nil && c.Before.Name != c.Name {
			given[c.Before.Name], taken[c.Name] = true, true
		}
	}
	var asides, changed, added []step
	for _, c := range changes {
		switch {
		case c.Before == nil:
			added = append(added, step{Change: c})
		case c.Before.Name != c.Name && (given[c.Name] || taken[c.Before.Name]):
			asides = append(asides, step{c, c.Before.Name, true})
			changed = append(changed, step{Change: c, from: asideName(c.Seq)})
		default:
			changed = append(changed, step{Change: c, from: c.Before.Name})
		}
	}
	return slices.Concat(asides, changed, added)
}

// document returns what the step stores.
func (s step) document(session string) (bson.D, error) {
	doc, err := itemDocument(session, s.Row)
	if err != nil || !s.aside {
		return doc, err
	}
	n := slices.IndexFunc(doc, func(e bson.E) bool { return e.Key == fieldFile })
	doc[n].Value = asideName(s.Seq)
	return append(doc, bson.E{Key: fieldRenaming, Value: renaming{From: s.Before.Name, To: s.Name}}), nil
}

func asideName(seq int64) string { return fmt.Sprintf("%s%d", asideFrom, seq) }

// finishRenaming gives items their names that an interrupted change left standing
// aside. All stood aside before the first took its new name: if one of these names
// still belongs to an item that did not step aside, all go back to their old ones,
// which are free; otherwise all go on.
func (s session) finishRenaming(ctx context.Context) error {
	var all []struct {
		ID    bson.RawValue `bson:"_id"`
		Names renaming      `bson:"gondola_renaming"`
	}
	noted := pairs(fieldSession, s.id, fieldFile, standsAside, fieldRenaming, pairs("$exists", true))
	err := find(ctx, s.b.items(), noted, &all, options.Find().SetProjection(pairs(fieldRenaming, 1)))
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
	writes := make([]mongo.WriteModel, len(all))
	for n, a := range all {
		name := a.Names.To
		if back {
			name = a.Names.From
		}
		writes[n] = mongo.NewUpdateOneModel().SetFilter(pairs(fieldID, a.ID)).
			SetUpdate(pairs("$set", pairs(fieldFile, name), "$unset", pairs(fieldRenaming, "")))
	}
	_, err = s.b.items().BulkWrite(ctx, writes)
	return err
}
