package mongo

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.mongodb.org/mongo-driver/v2/bson"
	driver "go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/mongo"
)

const january = "january-2026"

// recording is what q2google 0.0.3 leaves in a database, through pymongo, after
// a run with one failed transfer, one registered photo, one refused one, and a
// call cut off.
type recording struct {
	Sessions, Items, Batches []bson.D
}

func recorded(t testing.TB) recording {
	t.Helper()
	data, err := os.ReadFile("testdata/q2google.json")
	if err != nil {
		t.Fatal(err)
	}
	var r recording
	if err := bson.UnmarshalExtJSON(data, true, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// plant stores a recording, with the indexes that q2google makes.
func (d database) plant(t testing.TB, r recording) {
	t.Helper()
	for name, c := range map[string]struct {
		docs []bson.D
		keys bson.D
	}{
		"sessions": {r.Sessions, bson.D{{Key: "session_id", Value: 1}}},
		"items":    {r.Items, bson.D{{Key: "session_id", Value: 1}, {Key: "file_name", Value: 1}}},
		"batches":  {r.Batches, bson.D{{Key: "session_id", Value: 1}, {Key: "batch_index", Value: 1}}},
	} {
		if _, err := d.Collection(name).Indexes().CreateOne(t.Context(), driver.IndexModel{Keys: c.keys, Options: options.Index().SetUnique(true)}); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Collection(name).InsertMany(t.Context(), c.docs); err != nil {
			t.Fatal(err)
		}
	}
}

// save writes a recording as q2google saves: whole documents, found by their
// keys, and none removed.
func (d database) save(t testing.TB, r recording) {
	t.Helper()
	for name, c := range map[string]struct {
		docs []bson.D
		key  string
	}{"sessions": {r.Sessions, ""}, "items": {r.Items, "file_name"}, "batches": {r.Batches, "batch_index"}} {
		for _, doc := range c.docs {
			filter := bson.D{{Key: "session_id", Value: get(doc, "session_id")}}
			if c.key != "" {
				filter = append(filter, bson.E{Key: c.key, Value: get(doc, c.key)})
			}
			if _, err := d.Collection(name).ReplaceOne(t.Context(), filter, without(doc, "_id"), options.Replace().SetUpsert(true)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func get(d bson.D, key string) any {
	for _, e := range d {
		if e.Key == key {
			return e.Value
		}
	}
	return nil
}

func without(d bson.D, keys ...string) bson.D {
	return slices.DeleteFunc(slices.Clone(d), func(e bson.E) bool { return slices.Contains(keys, e.Key) })
}

// stands describes where each item of the session stands.
func stands(t testing.TB, b state.Backend) (list []string) {
	t.Helper()
	for _, it := range collect(t, b.Items(t.Context(), january, state.Query{})) {
		token := ""
		if it.Receipt != nil {
			token = it.Receipt.Token + " of " + it.Receipt.At.Format(time.TimeOnly)
		}
		list = append(list, fmt.Sprintf("%d %s awaits %q, %s, id %q, token %q", it.Seq, it.Name, it.Awaits(), it.Outcome(), it.DestinationID, token))
	}
	return list
}

var wantStands = []string{
	`1 G0010002000.JPG awaits "", created, id "AB12", token ""`,
	`2 G0010002001.JPG awaits "create", failed, id "", token "tok-2 of 08:21:07"`,
	`3 G0010002002.JPG awaits "create", pending, id "", token "tok-3 of 08:21:07"`,
	`4 GX010001000.MP4 awaits "transfer", failed, id "", token ""`,
}

func want[T any](t testing.TB, what string, want, got T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestReadQ2google(t *testing.T) {
	t.Parallel()
	db, ctx := newDatabase(t), t.Context()
	r := recorded(t)
	db.plant(t, r)
	b := open(t, db.at(""), mongo.Options{Existing: true})
	s, err := b.Session(ctx, january)
	if err != nil || s.From != "gopro:" || s.To != "gphotos:" || !s.ProvenAt.IsZero() {
		t.Fatalf("session = %+v, %v", s, err)
	}
	want(t, "items", wantStands, stands(t, b))
	counts, err := b.Counts(ctx, january)
	if err != nil {
		t.Fatal(err)
	}
	want(t, "counts", state.Counts{Total: 4, Outcomes: map[state.Outcome]int{state.OutcomeCreated: 1, state.OutcomeFailed: 2, state.OutcomePending: 1}}, counts)
	for stage, n := range map[state.Stage]int{state.Transfer: 1, state.Create: 2, state.Discovery: 0} {
		if got := collect(t, b.Items(ctx, january, state.Query{Awaiting: stage})); len(got) != n {
			t.Errorf("%d items await %s, want %d", len(got), stage, n)
		}
	}
	it, err := b.ItemNamed(ctx, january, "G0010002002.JPG")
	if err != nil || it.Seq != 3 {
		t.Errorf("item by name: %+v, %v", it, err)
	}
	names, err := db.ListCollectionNames(ctx, bson.D{})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	want(t, "collections after reading", []string{"batches", "items", "sessions"}, names)
	slices.SortFunc(r.Items, func(a, b bson.D) int {
		return strings.Compare(get(a, "file_name").(string), get(b, "file_name").(string))
	})
	for i, doc := range db.documents(t, "items", "file_name") {
		want(t, "item after reading", without(r.Items[i], "_id"), doc)
	}
}

// TestTakeOver checks, field by field, that what Gondola writes is what q2google
// had written, and more under keys of its own.
func TestTakeOver(t *testing.T) {
	t.Parallel()
	db, ctx := newDatabase(t), t.Context()
	r := recorded(t)
	db.plant(t, r)
	b := open(t, db.at(""), mongo.Options{})
	lock, err := b.Lock(ctx, january)
	if err != nil {
		t.Fatal(err)
	}
	it, err := b.ItemNamed(ctx, january, "GX010001000.MP4")
	if err != nil {
		t.Fatal(err)
	}
	it.ID = media.ID{Station: "gopro", Medium: "M1", Part: 1, Label: "source"}
	it.Name = "GX010001.MP4"
	if err := b.PutItems(ctx, january, it); err != nil {
		t.Fatal(err)
	}
	if err := lock.Unlock(); err != nil {
		t.Fatal(err)
	}
	again := open(t, db.at(""), mongo.Options{})
	after := slices.Clone(wantStands)
	after[3] = strings.Replace(after[3], "GX010001000", "GX010001", 1)
	want(t, "items", after, stands(t, again))

	own := []string{"gondola", "gondola_awaits", "gondola_outcome", "gondola_bytes", "gondola_carried", "gondola_captured"}
	sessions := db.documents(t, "sessions", "session_id")
	want(t, "headers", []bson.D{without(r.Sessions[0], "_id")}, []bson.D{without(sessions[0], own...)})
	items := db.documents(t, "items", "file_name")
	for i, n := range []int{1, 2, 3, 0} { // by name, as recorded
		recorded, got := without(r.Items[n], "_id"), without(items[i], own...)
		switch i {
		case 0: // its answer names its id, and its token is spent
			recorded = set(recorded, "upload_token", nil)
		case 1: // its answer says that it was refused
			recorded = set(recorded, "create_status", "failed")
		case 3:
			recorded = set(set(recorded, "file_name", "GX010001.MP4"), "media_id", "M1")
		}
		want(t, "item", without(recorded, "errors"), without(got, "errors"))
	}
	record := get(get(r.Items[0], "errors").(bson.D), "transfer").(bson.D)
	record = set(record, "updated_at", "2026-01-31T08:20:01.556677+00:00") // the same time, in UTC
	want(t, "error record", record, get(get(items[3], "errors").(bson.D), "transfer").(bson.D))
	batches := db.documents(t, "batches", "batch_index")
	want(t, "waiting batch", without(r.Batches[1], "_id"), without(batches[0], own...))
	want(t, "finished batch", set(without(r.Batches[0], "_id"), "batch_index", int32(state.FirstBatchIndex)), without(batches[1], own...))
}

func set(d bson.D, key string, value any) bson.D {
	d = slices.Clone(d)
	for i := range d {
		if d[i].Key == key {
			d[i].Value = value
		}
	}
	return d
}

func TestIndexes(t *testing.T) {
	t.Parallel()
	db, ctx := newDatabase(t), t.Context()
	b := open(t, db.at(""), mongo.Options{})
	if err := b.PutSession(ctx, state.NewSession(january, media.Window{}, time.Now())); err != nil {
		t.Fatal(err)
	}
	got := map[string]bool{} // unique or not
	for _, c := range []string{"sessions", "items", "batches", "gondola_ledger"} {
		specs, err := db.Collection(c).Indexes().ListSpecifications(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range specs {
			if s.Name != "_id_" {
				got[c+" "+s.Name] = s.Unique != nil && *s.Unique
			}
		}
	}
	want(t, "indexes", map[string]bool{
		"sessions session_id_1":                             true,
		"items session_id_1_file_name_1":                    true,
		"batches session_id_1_batch_index_1":                true,
		"items session_id_1_gondola.id_1":                   false,
		"items session_id_1_gondola.seq_1":                  false,
		"items session_id_1_gondola_awaits_1_gondola.seq_1": false,
		"items session_id_1_gondola_outcome_1_gondola.seq_1_gondola_bytes_1_gondola_carried_1": false,
		"items session_id_1_gondola_captured_1_gondola.seq_1":                                  false,
		"gondola_ledger account_1_key_1":                                                       true,
	}, got)
}

// TestTakeOverAfterQ2googleRanAgain: q2google's save drops Gondola's fields and
// counts its batches from 0 once more.
func TestTakeOverAfterQ2googleRanAgain(t *testing.T) {
	t.Parallel()
	db, ctx := newDatabase(t), t.Context()
	r := recorded(t)
	db.plant(t, r)
	b := open(t, db.at(""), mongo.Options{})
	s, err := b.Session(ctx, january)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.PutSession(ctx, s); err != nil {
		t.Fatal(err)
	}
	own := []string{"_id", "gondola", "gondola_awaits", "gondola_outcome", "gondola_bytes", "gondola_carried", "gondola_captured"}
	saved := recording{Sessions: db.documents(t, "sessions", "session_id"), Items: db.documents(t, "items", "file_name"), Batches: db.documents(t, "batches", "batch_index")}
	for _, docs := range [][]bson.D{saved.Sessions, saved.Items, saved.Batches} {
		for i := range docs {
			docs[i] = without(docs[i], own...)
		}
	}
	more := set(set(r.Batches[0], "file_names", bson.A{"G0010002009.JPG"}), "responses_json", nil)
	saved.Batches = append(saved.Batches, without(more, "_id"))
	db.save(t, saved)

	if got := stands(t, b)[0]; !strings.Contains(got, "created") {
		t.Errorf("an item that Gondola registered became %s", got)
	}
	if err := b.PutBatch(ctx, january, &state.Batch{Index: state.FirstBatchIndex + 7}); err != nil {
		t.Fatal(err)
	}
	var indexes []int
	for _, batch := range collect(t, b.Batches(ctx, january)) {
		indexes = append(indexes, batch.Index)
	}
	want(t, "batches", []int{1, 1000000, 1000001, 1000007}, indexes)
	if got := stands(t, b)[0]; !strings.Contains(got, "created") {
		t.Errorf("an item that Gondola registered became %s", got)
	}
}

// TestTakeOverInterrupted dies at every change of the store in turn; what is
// read afterwards, and after a second attempt, is always the same.
func TestTakeOverInterrupted(t *testing.T) {
	t.Parallel()
	for n := 1; ; n++ {
		db, ctx := newDatabase(t), t.Context()
		db.plant(t, recorded(t))
		p := newProxy(t)
		dying := open(t, db.at(p.host()), mongo.Options{})
		p.refuseFrom(n)
		last := &state.Batch{Index: state.FirstBatchIndex + 50}
		dead := dying.PutBatch(ctx, january, last) != nil
		dying.Close()

		b := open(t, db.at(""), mongo.Options{})
		want(t, fmt.Sprintf("after %d changes", n-1), wantStands, stands(t, b))
		if err := b.PutBatch(ctx, january, last); err != nil {
			t.Fatal(err)
		}
		want(t, fmt.Sprintf("taken over after %d changes", n-1), wantStands, stands(t, b))
		if got := collect(t, b.Batches(ctx, january)); len(got) != 3 {
			t.Errorf("after %d changes: %d batches, want 3", n-1, len(got))
		}
		if !dead {
			if n < 12 {
				t.Errorf("only %d changes of the store", n-1)
			}
			return
		}
	}
}

// TestQ2googleMeanwhile saves as q2google would while Gondola has the session.
func TestQ2googleMeanwhile(t *testing.T) {
	t.Parallel()
	db, ctx := newDatabase(t), t.Context()
	r := recorded(t)
	db.plant(t, r)
	b := open(t, db.at(""), mongo.Options{})
	if _, err := b.Lock(ctx, january); err != nil {
		t.Fatal(err)
	}
	it, err := b.ItemNamed(ctx, january, "GX010001000.MP4")
	if err != nil {
		t.Fatal(err)
	}
	if err := b.PutItems(ctx, january, it); err != nil {
		t.Fatal(err)
	}
	db.save(t, r)
	it.ID, it.Transfer = media.ID{Station: "gopro", Medium: "M1", Part: 1, Label: "source"}, state.Completed
	if err := b.PutItems(ctx, january, it); err != nil {
		t.Fatal(err)
	}
	after := slices.Clone(wantStands)
	after[3] = `4 GX010001000.MP4 awaits "create", pending, id "", token ""`
	want(t, "items", after, stands(t, b))
}

func TestBrokenDocuments(t *testing.T) {
	t.Parallel()
	db, ctx := newDatabase(t), t.Context()
	r := recorded(t)
	r.Sessions = append(r.Sessions, bson.D{{Key: "session_id", Value: "broken"}, {Key: "stages", Value: "none"}})
	r.Items[2] = set(r.Items[2], "errors", "none")
	db.plant(t, r)
	b := open(t, db.at(""), mongo.Options{})
	var listed []string
	for s, err := range b.Sessions(ctx) {
		listed = append(listed, fmt.Sprint(s.ID, " ", err == nil))
		if err != nil && (fault.CodeOf(err) != fault.State || fault.HintOf(err) == "") {
			t.Errorf("%s: %v", s.ID, err)
		}
	}
	want(t, "sessions", []string{january + " true", "broken false"}, listed)
	_, err := b.ItemNamed(ctx, january, "G0010002001.JPG")
	if fault.CodeOf(err) != fault.State || !strings.Contains(err.Error(), "6979e1a2f0c3b4d5e6000012") || strings.Contains(err.Error(), "Signature") {
		t.Errorf("a broken item: %v", err)
	}
	if err := b.DeleteSession(ctx, "broken"); err != nil {
		t.Errorf("deleting a broken session: %v", err)
	}
}
