package statetest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"

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

// recordedAt is a time of no meaning.
var recordedAt = time.Date(2026, 1, 8, 9, 0, 0, 0, time.UTC)
