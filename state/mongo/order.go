package mongo

import (
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/driver"
)

// stored is what a change needs to know of an item's document.
type stored struct {
	ID      bson.RawValue `bson:"_id"`
	Name    string        `bson:"file_name"`
	Gondola struct {
		ID  string // media.ID.Key; "" for an item known by name only
		Seq int64  // 0 in a document that q2google wrote
	}
}

// put is one item to be stored.
type put struct {
	name string
	e    *stored // that it changes or replaces; nil for a new item
	seq  int64
	doc  bson.D
}

// renamed reports whether the item gives its name up.
func (p *put) renamed() bool { return p.e != nil && p.e.Name != p.name }

// itemDocument returns an item as it is stored, without _id.
func itemDocument(session string, r driver.Row) (bson.D, error) {
	size := max(r.Size, 0)
	if r.Outcome == string(state.OutcomeSkipped) {
		size = 0
	}
	doc, err := document(session, r.Document,
		fieldAwaits, r.Next, fieldOutcome, r.Outcome, fieldBytes, size, fieldCarried, r.Carried, fieldCaptured, r.Captured)
	if err != nil {
		return nil, state.Unstorable(&state.Item{Item: media.Item{Name: r.Name}}, err)
	}
	return doc, nil
}

// document returns a JSON document of a session's item or batch as it is
// stored, with further fields at the end.
func document(session string, data []byte, fields ...any) (bson.D, error) {
	d, err := toBSON(data)
	if err != nil {
		return nil, err
	}
	doc := pairs(fieldSession, session)
	for _, e := range d {
		if !reserved[e.Key] {
			doc = append(doc, e)
		}
	}
	return append(doc, pairs(fields...)...), nil
}

var reserved = func() map[string]bool {
	names := map[string]bool{}
	for _, name := range notInJSON {
		names[name] = true
	}
	return names
}()

// write is one step of storing items.
type write struct {
	put *put
	doc bson.D
}

// order returns the steps that store puts so that no two items ever have the same
// name. Items between which names change hands first step aside, all of them, each
// with its names noted in its document (see finishRenaming). New items come last.
func order(puts []*put) []write {
	given, taken := map[string]bool{}, map[string]bool{}
	for _, p := range puts {
		if p.renamed() {
			given[p.e.Name], taken[p.name] = true, true
		}
	}
	var steps, changed, added []write
	for _, p := range puts {
		switch {
		case p.e == nil:
			added = append(added, write{p, p.doc})
			continue
		case p.renamed() && (given[p.name] || taken[p.e.Name]):
			steps = append(steps, write{p, aside(p)})
		}
		changed = append(changed, write{p, p.doc})
	}
	return slices.Concat(steps, changed, added)
}
