package gondola_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/progress"
	"github.com/gondola-sync/gondola/state"
)

// What a source says beyond all bounds is unknown; what cannot be stored fails
// alone, in each run that lists it.
func TestItemThatCannotBeStoredFailsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := pair(1, 40)
		long := strings.Repeat("v", 17<<20)
		src.items[3].CapturedAt = time.Date(9999, 12, 31, 23, 59, 59, 0, time.FixedZone("", -3600))
		src.items[4].Type = long
		src.items[5].ID.Medium = long[:2<<10]
		src.items[6].Name = "\xff.jpg"
		o := options(t, src, lib)
		for range 2 {
			var failed []progress.Item
			stop := observe(&o, func(e progress.Event) {
				if it, ok := e.(progress.Item); ok && it.Status == state.Failed {
					failed = append(failed, it)
				}
			})
			s := mustSync(t, o)
			stop()
			if s.Outcome != gondola.OutcomePartial || s.Items.Outcomes[state.OutcomeCreated] != 38 || s.Items.Outcomes[state.OutcomeFailed] != 2 || s.Items.Total != 40 {
				t.Errorf("outcome %s, items %+v", s.Outcome, s.Items)
			}
			if len(failed) != 2 || failed[0].Stage != state.Discovery || failed[0].Fault.Code != fault.State || !strings.Contains(failed[1].Fault.Message, "UTF-8") {
				t.Errorf("%d items failed", len(failed))
			}
		}
		for it, err := range o.Backend.Items(t.Context(), "s", state.Query{}) {
			if err != nil {
				t.Fatal(err)
			}
			if it.ID == src.items[3].ID && !it.CapturedAt.IsZero() || it.ID == src.items[4].ID && it.Type != "" {
				t.Errorf("item %s keeps what cannot be: captured %v", it.Name, it.CapturedAt)
			}
		}
	})
}

// particular is a store that refuses items of one kind.
type particular struct {
	state.Backend
	refuses func(*state.Item) bool
}

func (b particular) PutItems(ctx context.Context, session string, items ...*state.Item) error {
	for _, it := range items {
		if b.refuses(it) {
			return state.Unstorable(it, context.DeadlineExceeded)
		}
	}
	return b.Backend.PutItems(ctx, session, items...)
}

func TestItemThatAStoreRefusesFailsAlone(t *testing.T) {
	for name, refuses := range map[string]func(*state.Item) bool{
		"listed":     func(it *state.Item) bool { return strings.HasSuffix(it.Name, "7.JPG") },
		"checkpoint": func(it *state.Item) bool { return it.Checkpoint != nil && strings.HasSuffix(it.Name, "7.JPG") },
		"receipt":    func(it *state.Item) bool { return it.Receipt != nil && strings.HasSuffix(it.Name, "7.JPG") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				src, lib := pair(1, 0)
				for _, n := range "123456789" {
					src.add("m"+string(n), "G"+string(n)+".JPG", []byte(strings.Repeat(string(n), 3<<10)))
				}
				o := options(t, src, lib)
				o.Backend = particular{o.Backend, refuses}
				s := mustSync(t, o)
				if want := map[string]int{"listed": 8, "checkpoint": 8, "receipt": 8}[name]; s.Items.Outcomes[state.OutcomeCreated] < want || s.Items.Total != 9 {
					t.Errorf("outcome %s, items %+v", s.Outcome, s.Items)
				}
			})
		})
	}
}
