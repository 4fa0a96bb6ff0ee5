package mongo

import (
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/state"
)

// stored is what a planned change needs to know of an item's document.
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
	it  *state.Item
	e   *stored // that it changes or replaces; nil for a new item
	seq int64
	doc bson.D
}

// renamed reports whether the item gives its name up.
func (p *put) renamed() bool { return p.e != nil && p.e.Name != p.it.Name }

// plan tells what is to be written, and refuses all if one item cannot be. there
// are the documents that hold an item's identity, name or Seq; last is the Seq
// of the item found last.
func plan(session string, items []*state.Item, there []*stored, last int64) ([]*put, error) {
	known := newLookup(there)
	var puts []*put
	byKey, byName, replaced := map[string]*put{}, map[string]*put{}, map[*stored]*put{}
	for _, it := range items {
		key := keyOf(it)
		p := byKey[key]
		if p == nil {
			p = &put{e: known.match(it)}
			puts, byKey[key] = append(puts, p), p
			switch {
			case p.e == nil:
				last++
				p.seq = last
			case replaced[p.e] != nil:
				return nil, badItem(it, errors.New("two items give an identity to the same one"))
			default:
				p.seq, replaced[p.e] = p.e.Gondola.Seq, p
			}
		}
		p.it = it // the last one of an identity counts
	}
	for _, p := range puts {
		holder := known.byName[p.it.Name]
		free := holder == nil || holder == p.e || replaced[holder] != nil && replaced[holder].renamed()
		if !free || byName[p.it.Name] != nil {
			return nil, badItem(p.it, errors.New("another item of the session takes its name"))
		}
		byName[p.it.Name] = p
		var err error
		if p.doc, err = itemDocument(session, p.it, p.seq); err != nil {
			return nil, err
		}
	}
	return puts, nil
}

func badItem(it *state.Item, why error) error {
	return &fault.Error{
		Class: fault.Session, Code: fault.State,
		Op: fmt.Sprintf("store item %q (%s)", it.Name, it.ID.Key()), Err: why,
	}
}

// keyOf returns what an item is known by. No key of an ID has a NUL.
func keyOf(it *state.Item) string {
	if it.ID.IsZero() {
		return "\x00" + it.Name
	}
	return it.ID.Key()
}

// lookup finds documents.
type lookup struct {
	byKey  map[string]*stored
	byName map[string]*stored
	bySeq  map[int64]*stored // those known by name only
}

func newLookup(there []*stored) lookup {
	l := lookup{map[string]*stored{}, map[string]*stored{}, map[int64]*stored{}}
	for _, e := range there {
		l.byName[e.Name] = e
		if e.Gondola.ID != "" {
			l.byKey[e.Gondola.ID] = e
		} else if e.Gondola.Seq > 0 {
			l.bySeq[e.Gondola.Seq] = e
		}
	}
	return l
}

// match returns the document that an item changes: that of its identity, or, if
// it is new, the one known by name only that it gives an identity to. nil if
// none.
func (l lookup) match(it *state.Item) *stored {
	if !it.ID.IsZero() {
		if e := l.byKey[it.ID.Key()]; e != nil {
			return e
		}
		if e := l.bySeq[it.Seq]; e != nil {
			return e
		}
	}
	if e := l.byName[it.Name]; e != nil && e.Gondola.ID == "" {
		return e
	}
	return nil
}

// itemDocument returns an item as it is stored, without _id.
func itemDocument(session string, it *state.Item, seq int64) (bson.D, error) {
	numbered := *it
	numbered.Seq = seq
	data, err := state.EncodeItem(&numbered)
	if err != nil {
		return nil, err
	}
	size := int64(0)
	if it.Refusal == nil && it.Size > 0 {
		size = it.Size
	}
	doc, err := document(session, data,
		fieldAwaits, string(it.Awaits()), fieldOutcome, string(it.Outcome()), fieldBytes, size, fieldCarried, it.Carried)
	if err != nil {
		return nil, state.Unstorable(it, err)
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

// order returns the steps that store puts so that no two items ever have the
// same name: an item is written after the one whose name it takes. Items that
// take each other's names in a circle first step aside, all of them, each with
// its names noted in its document (see finishRenaming); their circle is closed
// before another one begins. New items come last.
func order(puts []*put) []write {
	holders := map[string]*put{} // of names that are given up
	for _, p := range puts {
		if p.renamed() {
			holders[p.e.Name] = p
		}
	}
	var steps, fresh []write
	done := map[*put]bool{}
	for _, p := range puts {
		var path []*put
		on := map[*put]int{}
		for p != nil && !done[p] {
			if at, circle := on[p]; circle {
				for _, member := range path[at:] {
					steps = append(steps, write{member, aside(member)})
				}
				break
			}
			on[p] = len(path)
			path = append(path, p)
			p = holders[p.it.Name]
		}
		for i := len(path) - 1; i >= 0; i-- {
			step := write{put: path[i], doc: path[i].doc}
			done[path[i]] = true
			if path[i].e == nil {
				fresh = append(fresh, step)
			} else {
				steps = append(steps, step)
			}
		}
	}
	return append(steps, fresh...)
}
