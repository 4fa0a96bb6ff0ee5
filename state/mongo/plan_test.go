package mongo

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"pgregory.net/rapid"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
)

func itemOf(medium, name string, seq int64) *state.Item {
	it := &state.Item{Item: media.Item{Name: name}, Seq: seq, Discovery: state.Completed}
	if medium != "" {
		it.ID = media.ID{Station: "gopro", Medium: medium, Part: 1, Label: "source"}
	}
	return it
}

func storedOf(it *state.Item) *stored {
	e := &stored{ID: bson.RawValue{Type: bson.TypeInt64, Value: fmt.Append(nil, it.Seq)}, Name: it.Name}
	e.Gondola.Seq = it.Seq
	if !it.ID.IsZero() {
		e.Gondola.ID = it.ID.Key()
	}
	return e
}

func TestPlan(t *testing.T) {
	there := []*stored{
		storedOf(itemOf("a", "a.jpg", 1)), storedOf(itemOf("b", "b.jpg", 2)),
		storedOf(itemOf("", "legacy.jpg", 3)), storedOf(itemOf("", "other.jpg", 4)),
	}
	for _, tc := range []struct {
		name  string
		items []*state.Item
		want  string // Seq and name of each put, or part of the refusal
	}{
		{"new", []*state.Item{itemOf("x", "x.jpg", 0), itemOf("y", "y.jpg", 7)}, "5 x.jpg, 6 y.jpg"},
		{"changed", []*state.Item{itemOf("a", "a.jpg", 99)}, "1 a.jpg"},
		{"renamed", []*state.Item{itemOf("a", "new.jpg", 0)}, "1 new.jpg"},
		{"said twice", []*state.Item{itemOf("x", "x.jpg", 0), itemOf("x", "z.jpg", 0)}, "5 z.jpg"},
		{"known by name", []*state.Item{itemOf("", "legacy.jpg", 0)}, "3 legacy.jpg"},
		{"identity by name", []*state.Item{itemOf("x", "legacy.jpg", 0)}, "3 legacy.jpg"},
		{"identity by Seq", []*state.Item{itemOf("x", "x.jpg", 4)}, "4 x.jpg"},
		{"Seq of an identified item", []*state.Item{itemOf("x", "x.jpg", 2)}, "5 x.jpg"},
		{"swapped", []*state.Item{itemOf("a", "b.jpg", 0), itemOf("b", "a.jpg", 0)}, "1 b.jpg, 2 a.jpg"},
		{"chain", []*state.Item{itemOf("x", "a.jpg", 0), itemOf("a", "b.jpg", 0), itemOf("b", "c.jpg", 0)}, "5 a.jpg, 1 b.jpg, 2 c.jpg"},
		{"taken", []*state.Item{itemOf("x", "x.jpg", 0), itemOf("y", "a.jpg", 0)}, "takes its name"},
		{"taken without identity", []*state.Item{itemOf("", "a.jpg", 0)}, "takes its name"},
		{"one name for two", []*state.Item{itemOf("x", "x.jpg", 0), itemOf("y", "x.jpg", 0)}, "takes its name"},
		{"name kept after all", []*state.Item{itemOf("x", "a.jpg", 0), itemOf("a", "n.jpg", 0), itemOf("a", "a.jpg", 0)}, "takes its name"},
		{"two for one", []*state.Item{itemOf("x", "x.jpg", 3), itemOf("y", "y.jpg", 3)}, "identity to the same"},
		{"no name", []*state.Item{itemOf("x", "", 0)}, "no name"},
		{"no text", []*state.Item{itemOf("x", "\xff", 0)}, "UTF-8"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			puts, err := plan("s", tc.items, there, 4)
			var got []string
			for _, p := range puts {
				got = append(got, fmt.Sprint(p.seq, " ", p.it.Name))
			}
			if err != nil {
				if fault.CodeOf(err) != fault.State || !strings.Contains(err.Error(), tc.want) {
					t.Errorf("plan: %v, want %s", err, tc.want)
				}
				return
			}
			if strings.Join(got, ", ") != tc.want {
				t.Errorf("plan: %s, want %s", strings.Join(got, ", "), tc.want)
			}
		})
	}
}

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
		id = identity(w.put.e.ID)
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
		var there []*stored
		collection := documents{}
		for i := range n {
			e := storedOf(itemOf(names[i], names[i], int64(i+1)))
			there = append(there, e)
			collection[identity(e.ID)] = pairs(fieldFile, e.Name)
		}
		var items []*state.Item
		wanted := rapid.Permutation(names[:n+1]).Draw(t, "names")
		for i := range n {
			if rapid.IntRange(0, 9).Draw(t, "changed") > 0 {
				items = append(items, itemOf(names[i], wanted[i], 0))
			}
		}
		if rapid.Bool().Draw(t, "new") {
			items = append(items, itemOf("new", wanted[n], 0))
		}
		puts, err := plan("s", items, there, int64(n))
		if err != nil {
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
			if got := collection.name(identity(p.e.ID)); got != p.e.Name && got != p.it.Name || stop == len(steps) && got != p.it.Name {
				t.Errorf("after %d of %d steps %s is %s, and was to be %s", stop, len(steps), p.e.Name, got, p.it.Name)
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
