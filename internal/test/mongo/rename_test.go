package mongo

import (
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/gondola-sync/gondola/state/mongo"
)

// TestNamesChangeHands lets items take each other's names in one call.
func TestNamesChangeHands(t *testing.T) {
	t.Parallel()
	db, ctx := newDatabase(t), t.Context()
	b := open(t, db.at(""), mongo.Options{})
	start(t, b)
	for _, tc := range []struct{ name, before, after string }{
		{"swap", "ab", "ba"},
		{"circle", "abc", "bca"},
		{"two circles", "abcde", "badec"},
		{"chain", "abc", "bcx"},
	} {
		if err := b.DeleteSession(ctx, "s"); err != nil {
			t.Fatal(err)
		}
		start(t, b)
		items := itemsNamed(tc.before)
		if err := b.PutItems(ctx, "s", items...); err != nil {
			t.Fatal(err)
		}
		for i, it := range items {
			it.Name = tc.after[i : i+1]
		}
		if err := b.PutItems(ctx, "s", items...); err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
		got := ""
		for _, it := range collect(t, b.Items(ctx, "s", all)) {
			got += it.Name
			if it.Name != items[it.Seq-1].Name || it.ID != items[it.Seq-1].ID {
				t.Errorf("%s: item %d is %s, %s", tc.name, it.Seq, it.ID.Key(), it.Name)
			}
		}
		want(t, tc.name, tc.after, got)
		for _, doc := range db.documents(t, "items", "file_name") {
			if get(doc, "gondola_renaming") != nil {
				t.Errorf("%s: a note is left in %v", tc.name, doc)
			}
		}
	}
}

// TestStandingAside finishes what a crash left half done: all items of a circle
// go back to their old names as long as one of them still has its own.
func TestStandingAside(t *testing.T) {
	t.Parallel()
	db, ctx := newDatabase(t), t.Context()
	for _, tc := range []struct {
		name  string
		aside string            // items that stand aside
		now   map[string]string // what the others are called now
		want  string
	}{
		{"one of three", "a", nil, "abc"},
		{"two of three", "ab", nil, "abc"},
		{"all", "abc", nil, "bca"},
		{"all but one that went on", "ab", map[string]string{"c": "a"}, "bca"},
	} {
		b := open(t, db.at(""), mongo.Options{})
		start(t, b)
		if err := b.PutItems(ctx, "s", itemsNamed("abc")...); err != nil {
			t.Fatal(err)
		}
		to := map[string]string{"a": "b", "b": "c", "c": "a"}
		change := func(name string, fields bson.D) {
			if _, err := db.Collection("items").UpdateOne(ctx, bson.D{{Key: "file_name", Value: name}}, bson.D{{Key: "$set", Value: fields}}); err != nil {
				t.Fatal(err)
			}
		}
		for _, r := range tc.aside {
			change(string(r), bson.D{{Key: "file_name", Value: "gondola/renaming/" + string(r)},
				{Key: "gondola_renaming", Value: bson.D{{Key: "from", Value: string(r)}, {Key: "to", Value: to[string(r)]}}}})
		}
		for from, name := range tc.now {
			change(from, bson.D{{Key: "file_name", Value: name}})
		}
		if err := b.DeleteBatch(ctx, "s", 1); err != nil { // any change
			t.Fatal(err)
		}
		got := ""
		for _, name := range names(t, b, "s") {
			got += name
		}
		want(t, tc.name, tc.want, got)
		if err := b.DeleteSession(ctx, "s"); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRenamedMeanwhile lets another program rename an item between the question
// and the write of a change: the change is made anew, of the item as it is now.
func TestRenamedMeanwhile(t *testing.T) {
	t.Parallel()
	db, p, ctx := newDatabase(t), newProxy(t), t.Context()
	b := open(t, db.at(p.host()), mongo.Options{})
	start(t, b)
	lock, err := b.Lock(ctx, "s")
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Unlock()
	items := itemsNamed("ab")
	if err := b.PutItems(ctx, "s", items...); err != nil {
		t.Fatal(err)
	}
	p.interfere(func() {
		rename := bson.D{{Key: "$set", Value: bson.D{{Key: "file_name", Value: "theirs"}}}}
		if _, err := db.Collection("items").UpdateOne(ctx, bson.D{{Key: "file_name", Value: "a"}}, rename); err != nil {
			t.Error(err)
		}
	})
	items[0].Carried = 77
	if err := b.PutItems(ctx, "s", items[0]); err != nil {
		t.Fatal(err)
	}
	want(t, "names", []string{"a", "b"}, names(t, b, "s"))
	if it, err := b.Item(ctx, "s", items[0].ID.Key()); err != nil || it.Carried != 77 {
		t.Errorf("the item is %+v, %v", it, err)
	}
}
