package gondola_test

import (
	"context"
	"errors"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/progress"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// lockedOut is a destination whose credentials are not accepted.
type lockedOut struct {
	*memoryLibrary
	err error
}

func (l lockedOut) Account(context.Context) (string, error) { return "", l.err }

func TestCredentialsThatFailBeforeTheFirstItemAreAllThatIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := pair(1, 3)
		denied := &fault.Error{Class: fault.Session, Code: fault.Auth, Op: "sign in"}
		summary, err := gondola.Sync(t.Context(), options(t, src, lockedOut{lib, denied}))
		if summary != nil || err == nil || err.Error() != "sign in" {
			t.Errorf("Sync = %v, %v; want nothing but the fault", summary, err)
		}
	})
}

// fullLibrary has no room for anything, and says so at the first create call.
type fullLibrary struct{ *memoryLibrary }

var errFull = &fault.Error{Class: fault.Session, Code: fault.Storage, Op: "create"}

func (fullLibrary) Create(context.Context, station.Batch) (station.BatchResult, error) {
	return station.BatchResult{}, errFull
}

// slowEnd is a source whose listing goes on until it is stopped.
type slowEnd struct{ *memorySource }

func (s slowEnd) List(ctx context.Context, w media.Window) iter.Seq2[media.Item, error] {
	return func(yield func(media.Item, error) bool) {
		for item, err := range s.memorySource.List(ctx, w) {
			if !yield(item, err) {
				return
			}
		}
		<-ctx.Done()
		yield(media.Item{}, ctx.Err())
	}
}

func TestStoppedStagesSayWhatStoppedThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := pair(1, 3)
		o := options(t, slowEnd{src}, fullLibrary{lib})
		failed := map[state.Stage]*progress.Fault{}
		stop := observe(&o, func(e progress.Event) {
			if s, ok := e.(progress.Stage); ok && s.Status == state.Failed {
				failed[s.Stage] = s.Fault
			}
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if _, err := gondola.Sync(ctx, o); !errors.Is(err, errFull) {
			t.Fatalf("Sync: %v", err)
		}
		stop()
		for _, stage := range []state.Stage{state.Discovery, state.Create} {
			if f := failed[stage]; f == nil || f.Code != fault.Storage {
				t.Errorf("%s failed with %+v, want what stopped it", stage, f)
			}
		}
	})
}
