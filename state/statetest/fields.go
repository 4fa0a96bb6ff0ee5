package statetest

import (
	"reflect"
	"testing"
	"time"

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
	(&filler{}).fill(reflect.ValueOf(&v).Elem())
	return v
}

// recordedAt is a time of no meaning.
var recordedAt = time.Date(2026, 1, 8, 9, 0, 0, 0, time.UTC)
