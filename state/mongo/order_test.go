package mongo

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"pgregory.net/rapid"
)

// table of documents by _id, as far as order and finishRenaming touch them.
type documents map[string]bson.D

func field(d bson.D, name string) any {
	for _, e := range d {
		if e.Key == name {
			return e.Value
		}
	}
	return nil
}

func (m documents) name(id string) string { return field(m[id], fieldFile).(string) }

func (m documents) apply(w write) {
	id := fmt.Sprint("new ", w.put.seq)
	if w.put.e != nil {
		id = string(w.put.e.ID.Value)
	}
	m[id] = w.doc
}

// finish does what finishRenaming does.
func (m documents) finish() {
	names, taken := map[string]bool{}, false
	for _, d := range m {
		if r, ok := field(d, fieldRenaming).(renaming); ok {
			names[r.To] = true
		}
	}
	for id := range m {
		taken = taken || names[m.name(id)]
	}
	for id, d := range m {
		r, ok := field(d, fieldRenaming).(renaming)
		if !ok {
			continue
		}
		name := r.To
		if taken {
			name = r.From
		}
		m[id] = pairs(fieldFile, name)
	}
}

// TestOrder stops at any step of storing items that take each other's names: no
// two ever have the same, and what was begun can be finished.
func TestOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := []string{"a", "b", "c", "d", "e", "f", "g"}
		n := rapid.IntRange(1, 6).Draw(t, "items")
		collection := documents{}
		wanted := rapid.Permutation(names[:n+1]).Draw(t, "names")
		var puts []*put
		kept := map[string]bool{}
		for i := range n {
			e := &stored{ID: bson.RawValue{Type: bson.TypeInt64, Value: fmt.Append(nil, i)}, Name: names[i]}
			collection[string(e.ID.Value)] = pairs(fieldFile, e.Name)
			if rapid.IntRange(0, 9).Draw(t, "changed") == 0 {
				kept[names[i]] = true
				continue
			}
			puts = append(puts, &put{name: wanted[i], e: e, seq: int64(i + 1), doc: pairs(fieldFile, wanted[i])})
		}
		if rapid.Bool().Draw(t, "new") {
			puts = append(puts, &put{name: wanted[n], seq: int64(n + 1), doc: pairs(fieldFile, wanted[n])})
		}
		if slices.ContainsFunc(puts, func(p *put) bool { return kept[p.name] }) {
			return // a name is taken
		}
		steps := order(puts)
		stop := rapid.IntRange(0, len(steps)).Draw(t, "steps")
		for _, w := range steps[:stop] {
			collection.apply(w)
			unique(t, collection)
		}
		before := maps.Clone(collection)
		collection.finish()
		unique(t, collection)
		for id := range before {
			if strings.HasPrefix(collection.name(id), asideFrom) {
				t.Errorf("%s stands aside for good", id)
			}
		}
		for _, p := range puts {
			if p.e == nil {
				continue
			}
			if got := collection.name(string(p.e.ID.Value)); got != p.e.Name && got != p.name || stop == len(steps) && got != p.name {
				t.Errorf("after %d of %d steps %s is %s, and was to be %s", stop, len(steps), p.e.Name, got, p.name)
			}
		}
	})
}

func unique(t *rapid.T, m documents) {
	seen := map[string]string{}
	for _, id := range slices.Sorted(maps.Keys(m)) {
		if other, twice := seen[m.name(id)]; twice {
			t.Fatalf("%s and %s are both called %s", other, id, m.name(id))
		}
		seen[m.name(id)] = id
	}
}

func TestReservedFields(t *testing.T) {
	doc, err := document("s", []byte(`{"_id":1,"session_id":"other","gondola_bytes":5,"file_name":"a"}`), fieldBytes, int64(7))
	if err != nil {
		t.Fatal(err)
	}
	if len(doc) != 3 || field(doc, fieldSession) != "s" || field(doc, fieldBytes) != int64(7) {
		t.Errorf("document = %v", doc)
	}
}
