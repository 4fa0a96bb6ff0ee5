package audit_test

import (
	"context"
	"iter"
	"runtime"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/engine/audit"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// endless is a store whose ledger knows every item and takes no memory.
type endless struct{ state.Backend }

func (endless) header() *state.Session {
	h := state.NewSession("s", media.Window{}, time.Now().UTC())
	h.From, h.To, h.Origin, h.Account = "gopro:", "gphotos:", "gopro:me", "gphotos:1"
	return h
}

func (e endless) Session(context.Context, string) (*state.Session, error) { return e.header(), nil }

func (e endless) Sessions(context.Context) iter.Seq2[*state.Session, error] {
	return func(yield func(*state.Session, error) bool) { yield(e.header(), nil) }
}

func (endless) Recall(_ context.Context, account, key string) (*state.LedgerEntry, error) {
	return &state.LedgerEntry{Account: account, Key: key, DestinationID: key, Session: "s"}, nil
}

// TestMemoryIsFlat audits a library of 100,000 media.
func TestMemoryIsFlat(t *testing.T) {
	const media100k, every, most = 100_000, 10_000, 4 << 20
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	to := google()
	seen, before, peak := 0, heap(), uint64(0)
	r := &rig{t: t, backend: endless{}, places: map[string]station.Destination{to.name: to}}
	result, _ := r.mustAudit(&source{items: func(yield func(media.Item) bool) {
		for n := range media100k {
			if !yield(film(n)) {
				return
			}
		}
	}}, func(o *audit.Options) {
		o.Waiting = func(fault.Wait) {}
		o.Each = func(audit.Item) error {
			if seen++; seen%every == 0 {
				peak = max(peak, heap())
			}
			return nil
		}
	})
	if result.Safe != media100k || len(to.calls) != media100k/50 {
		t.Errorf("%+v, %d calls", result, len(to.calls))
	}
	if peak > before+most {
		t.Errorf("%d bytes of heap, %d before", peak, before)
	}
	t.Logf("%d KiB of heap more than before", (int64(peak)-int64(before))>>10)
}
