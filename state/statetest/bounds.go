package statetest

import (
	"strings"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// testUnstorable stores items that could not be read back: each is refused
// alone, and the session goes on.
func testUnstorable(t *testing.T, h Harness) {
	b, ctx := h.started(t), t.Context()
	must(t, b.PutItems(ctx, "s", item(0)))
	long := strings.Repeat("v", 17<<20)
	for what, spoil := range map[string]func(*state.Item){
		"a type of 17 MiB":    func(it *state.Item) { it.Type = long },
		"an id of 4 KiB":      func(it *state.Item) { it.ID.Medium = long[:4<<10] },
		"a label of 4 KiB":    func(it *state.Item) { it.ID.Label = long[:4<<10] },
		"a name of 4 KiB":     func(it *state.Item) { it.Name = long[:4<<10] },
		"a name of no text":   func(it *state.Item) { it.Name = "\xff.jpg" },
		"an item of no name":  func(it *state.Item) { it.Name = "" },
		"a known one changed": func(it *state.Item) { it.Item, it.Camera = item(0).Item, long },
	} {
		bad := item(1)
		spoil(bad)
		wantUnstorable(t, what, b.PutItems(ctx, "s", item(2), bad))
	}
	it := item(3)
	it.Errors = map[state.Stage]state.ErrorRecord{state.Transfer: {Type: "server", Message: long, At: time.Now()}}
	must(t, b.PutItems(ctx, "s", it)) // a message is cut
	for _, b := range []state.Backend{b, h.open(t)} {
		got := collect(t, b.Items(ctx, "s", state.Query{}))
		if len(got) != 2 || got[0].Name != item(0).Name || got[1].Name != item(3).Name {
			t.Fatalf("%d items stored, want the two good ones", len(got))
		}
		if n := len(got[1].Errors[state.Transfer].Message); n == 0 || n > media.MaxText {
			t.Errorf("the message has %d bytes", n)
		}
	}
}

// testTimes stores times that neither JSON nor a database holds.
func testTimes(t *testing.T, h Harness) {
	b, ctx := h.open(t), t.Context()
	for _, beyond := range []time.Time{
		time.Date(9999, 12, 31, 23, 59, 59, 0, time.FixedZone("", -3600)),
		time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Date(0, 6, 1, 0, 0, 0, 0, time.UTC),
		time.Date(-44, 3, 15, 0, 0, 0, 0, time.UTC),
	} {
		s := newSession("s")
		s.CreatedAt, s.ProvenAt, s.VerifiedAt, s.Window = beyond, beyond, beyond, &media.Window{Start: beyond, End: beyond}
		must(t, b.PutSession(ctx, s))
		it := item(0)
		it.CapturedAt, it.CreatedAt, it.CarriedAt, it.RegisteredAt, it.MissedAt = beyond, beyond, beyond, beyond, beyond
		it.Errors = map[state.Stage]state.ErrorRecord{state.Transfer: {Type: "server", At: beyond}}
		it.Receipt = &station.Receipt{Token: "t", At: beyond}
		it.Checkpoint = &station.Checkpoint{Resume: []byte(`{"url":"https://u.example/1"}`), StartedAt: beyond}
		must(t, b.PutItems(ctx, "s", it))
		must(t, b.PutBatch(ctx, "s", &state.Batch{Index: state.FirstBatchIndex, Error: &state.ErrorRecord{Type: "server", At: beyond}}))
		must(t, b.Record(ctx, state.LedgerEntry{Account: "a", Key: "k", At: beyond}))
		got, err := b.Item(ctx, "s", it.ID.Key())
		must(t, err)
		header, err := b.Session(ctx, "s")
		must(t, err)
		entry, err := b.Recall(ctx, "a", "k")
		must(t, err)
		batches := collect(t, b.Batches(ctx, "s"))
		for what, at := range map[string]time.Time{
			"captured": got.CapturedAt, "created": got.CreatedAt, "carried": got.CarriedAt, "registered": got.RegisteredAt,
			"missed": got.MissedAt, "failed": got.Errors[state.Transfer].At, "receipt": got.Receipt.At, "checkpoint": got.Checkpoint.StartedAt,
			"session": header.CreatedAt, "proven": header.ProvenAt, "verified": header.VerifiedAt,
			"window start": header.Window.Start, "window end": header.Window.End,
			"ledger": entry.At, "batch": batches[0].Error.At,
		} {
			if !at.IsZero() {
				t.Errorf("%s at %v is stored as %v, want unknown", what, beyond, at)
			}
		}
		if got := collect(t, b.Sessions(ctx)); len(got) != 1 {
			t.Errorf("%d sessions listed, want 1", len(got))
		}
	}
}

// testLongBatch stores a batch that could not be read back.
func testLongBatch(t *testing.T, h Harness) {
	b, ctx := h.started(t), t.Context()
	long := &state.Batch{Index: state.FirstBatchIndex + 1, Responses: []string{strings.Repeat("v", 17<<20)}}
	wantRefused(t, "a batch of 17 MiB", b.PutBatch(ctx, "s", long))
	must(t, b.PutBatch(ctx, "s", &state.Batch{Index: state.FirstBatchIndex + 2, Status: state.Completed}))
	for _, b := range []state.Backend{b, h.open(t)} {
		if got := collect(t, b.Batches(ctx, "s")); len(got) != 1 {
			t.Errorf("%d batches, want the good one", len(got))
		}
	}
}
