package statetest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
)

// testEveryField stores values of which every field is set, by reflection, so
// that a field which a store does not keep cannot be forgotten here.
func testEveryField(t *testing.T, h Harness) {
	b, ctx := h.open(t), t.Context()
	s, it, batch, entry := filled[state.Session](), filled[state.Item](), filled[state.Batch](), filled[state.LedgerEntry]()
	s.ID, entry.Gone = "s", false // an entry that is gone is not returned
	must(t, b.PutSession(ctx, &s))
	must(t, b.PutItems(ctx, "s", &it))
	must(t, b.PutBatch(ctx, "s", &batch))
	must(t, b.Record(ctx, entry))

	other := h.open(t)
	session, err := other.Session(ctx, "s")
	must(t, err)
	equal(t, "session", &s, session)
	got, err := other.Item(ctx, "s", it.ID.Key())
	must(t, err)
	equal(t, "item", &it, got)
	equal(t, "batches", []*state.Batch{&batch}, collect(t, other.Batches(ctx, "s")))
	if h.Volatile {
		other = b
	}
	recalled, err := other.Recall(ctx, entry.Account, entry.Key)
	must(t, err)
	equal(t, "ledger entry", &entry, recalled)
}

// Codec checks that a codec keeps every field: values of which each is set, at
// every depth, come back as they were.
func Codec(t *testing.T, c state.Codec) {
	roundTrip(t, "session", c.EncodeSession, c.DecodeSession)
	roundTrip(t, "item", c.EncodeItem, c.DecodeItem)
	roundTrip(t, "batch", c.EncodeBatch, c.DecodeBatch)
}

func roundTrip[T any](t *testing.T, what string, encode func(*T) ([]byte, error), decode func([]byte) (*T, error)) {
	t.Helper()
	want := filled[T]()
	data, err := encode(&want)
	must(t, err)
	got, err := decode(data)
	must(t, err)
	equal(t, what, &want, got)
}

// filled returns a value of which every field is set, at every depth.
func filled[T any]() (v T) {
	n := 0
	fill(reflect.ValueOf(&v).Elem(), &n)
	return v
}

// fill sets v, and all in it, to something other than zero. n counts what has
// been set, so that no two fields are alike.
func fill(v reflect.Value, n *int) {
	*n++
	if special, ok := specialValue(v.Type(), *n); ok {
		v.Set(special.Convert(v.Type()))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprint("text ", *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Uint8:
		v.SetUint(uint64(*n))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), n)
		fill(v.Index(1), n)
	case reflect.Map:
		fillMap(v, n)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
	default:
		panic(fmt.Sprintf("a field of type %v: say here how to fill it", v.Type()))
	}
}

// specialValue returns a value of a type that does not take any value of its kind.
func specialValue(t reflect.Type, n int) (reflect.Value, bool) {
	special, ok := map[reflect.Type]any{
		reflect.TypeFor[time.Time]():       time.Date(2026, 1, 8, 9, 0, n, 5000, time.UTC), // microseconds
		reflect.TypeFor[json.RawMessage](): json.RawMessage(fmt.Sprintf(`{"n":%d}`, n)),
		reflect.TypeFor[state.Status]():    state.Failed,
		reflect.TypeFor[media.Kind]():      media.Video,
		reflect.TypeFor[fault.Class]():     fault.Item,
	}[t]
	return reflect.ValueOf(special), ok
}

// fillMap sets the entries of a map: one of each stage, or two.
func fillMap(v reflect.Value, n *int) {
	keys := []any{"x", "y"}
	if v.Type().Key() == reflect.TypeFor[state.Stage]() {
		keys = []any{state.Discovery, state.Transfer, state.Create}
	}
	v.Set(reflect.MakeMap(v.Type()))
	for _, key := range keys {
		value := reflect.New(v.Type().Elem()).Elem()
		fill(value, n)
		v.SetMapIndex(reflect.ValueOf(key).Convert(v.Type().Key()), value)
	}
}

// Recorded checks a store that holds what the first version of its format wrote:
// everything is read, by a reader that changes nothing first, and the session
// goes on.
func Recorded(t *testing.T, open, existing func(t *testing.T) state.Backend) {
	reader := existing(t)
	wantRecorded(t, reader)
	must(t, reader.Close())
	b, ctx := open(t), t.Context()
	defer b.Close()
	wantRecorded(t, b)

	lock, err := b.Lock(ctx, "holidays")
	must(t, err)
	s, err := b.Session(ctx, "holidays")
	must(t, err)
	s.Origin = "gopro:7"
	must(t, b.PutSession(ctx, s))
	begun, err := b.Item(ctx, "holidays", item(1).ID.Key())
	must(t, err)
	begun.Version, begun.Dir, begun.Albums = "v2", "a/b", []media.Album{{Title: "Summer"}}
	must(t, b.PutItems(ctx, "holidays", begun, item(4)))
	entry := state.LedgerEntry{Account: "gphotos:3f9a", Key: item(0).ID.Key(), DestinationID: "AF1QipOne", Size: 1000, Version: "v1", Session: "holidays", At: recordedAt}
	must(t, b.Record(ctx, entry))
	must(t, lock.Unlock())
	must(t, b.Close())

	again := open(t)
	defer again.Close()
	got, err := again.Recall(ctx, entry.Account, entry.Key)
	must(t, err)
	equal(t, "ledger entry", &entry, got)
	changed, err := again.Item(ctx, "holidays", begun.ID.Key())
	must(t, err)
	equal(t, "changed item", begun, changed)
	if n := len(collect(t, again.Items(ctx, "holidays", state.ItemQuery{}))); n != 5 {
		t.Errorf("%d items, want 5", n)
	}
	must(t, again.DeleteSession(ctx, "holidays"))
}

// recordedAt is the time of all that was recorded.
var recordedAt = time.Date(2026, 1, 8, 9, 0, 0, 0, time.UTC)

// wantRecorded checks that the session and the ledger are as they were recorded.
func wantRecorded(t *testing.T, b state.Backend) {
	t.Helper()
	ctx := t.Context()
	s, err := b.Session(ctx, "holidays")
	must(t, err)
	if s.Account != "gphotos:3f9a" || s.Origin != "" || !s.ProvenAt.Equal(recordedAt) || s.Stages[state.Discovery] != state.Completed || s.Window == nil {
		t.Errorf("session = %+v", s)
	}
	list := collect(t, b.Items(ctx, "holidays", state.ItemQuery{}))
	var outcomes []state.Outcome
	for n, it := range list {
		outcomes = append(outcomes, it.Outcome())
		if it.ID != item(n).ID || it.Seq != int64(n+1) || it.Revision != "r1" || it.Version+it.Dir != "" || it.Albums != nil {
			t.Errorf("item %d = %+v", n, it)
		}
	}
	equal(t, "outcomes", []state.Outcome{state.OutcomeCreated, state.OutcomePending, state.OutcomeFailed, state.OutcomeSkipped}, outcomes)
	if searcher, ok := b.(state.Searcher); ok {
		for _, q := range queries() {
			equal(t, fmt.Sprintf("%+v", q), names(found(list, q)), names(collect(t, searcher.Search(ctx, "holidays", q))))
		}
	}
	if c := list[1].Checkpoint; c == nil || c.Confirmed != 512 || !sameJSON(c.Resume, json.RawMessage(`{"url":"https://u.example/1"}`)) {
		t.Errorf("checkpoint = %+v", c)
	}
	counts, err := b.Counts(ctx, "holidays")
	must(t, err)
	if counts.Total != 4 || counts.Carried != 1000 || len(collect(t, b.Batches(ctx, "holidays"))) != 1 {
		t.Errorf("counts = %+v", counts)
	}
	entry, err := b.Recall(ctx, "gphotos:3f9a", item(0).ID.Key())
	must(t, err)
	want := &state.LedgerEntry{Account: "gphotos:3f9a", Key: item(0).ID.Key(), DestinationID: "AF1QipOne", SHA256: "ab12", Size: 1000, Session: "holidays", At: recordedAt}
	if diff := cmp.Diff(want, entry); diff != "" {
		t.Errorf("ledger entry (-want +got):\n%s", diff)
	}
	_, err = b.Recall(ctx, "gphotos:3f9a", "gopro/gone/1/source")
	wantNotFound(t, "entry that is gone", err)
}
