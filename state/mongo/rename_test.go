package mongo

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"pgregory.net/rapid"

	"github.com/gondola-sync/gondola/state/driver"
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

func (m documents) apply(t *rapid.T, s step) {
	id := fmt.Sprint("new ", s.Seq)
	if s.from != "" {
		id = ""
		for found := range m {
			if m.name(found) == s.from {
				id = found
			}
		}
		if id == "" {
			t.Fatalf("no item is called %s", s.from)
		}
	}
	doc, err := s.document("s")
	if err != nil {
		t.Fatal(err)
	}
	m[id] = doc
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
		change := func(seq int, before *driver.Row, name string) driver.Change {
			return driver.Change{Before: before, Row: driver.Row{Seq: int64(seq), Name: name, Document: fmt.Appendf(nil, `{"file_name":%q}`, name)}}
		}
		var changes []driver.Change
		kept := map[string]bool{}
		for i := range n {
			collection[fmt.Sprint(i+1)] = pairs(fieldFile, names[i])
			if rapid.IntRange(0, 9).Draw(t, "changed") == 0 {
				kept[names[i]] = true
				continue
			}
			changes = append(changes, change(i+1, &driver.Row{Name: names[i]}, wanted[i]))
		}
		if rapid.Bool().Draw(t, "new") {
			changes = append(changes, change(n+1, nil, wanted[n]))
		}
		if slices.ContainsFunc(changes, func(c driver.Change) bool { return kept[c.Name] }) {
			return // a name is taken
		}
		steps := order(changes)
		stop := rapid.IntRange(0, len(steps)).Draw(t, "steps")
		for _, w := range steps[:stop] {
			collection.apply(t, w)
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
		for _, c := range changes {
			if c.Before == nil {
				continue
			}
			if got := collection.name(fmt.Sprint(c.Seq)); got != c.Before.Name && got != c.Name || stop == len(steps) && got != c.Name {
				t.Errorf("after %d of %d steps %s is %s, and was to be %s", stop, len(steps), c.Before.Name, got, c.Name)
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
