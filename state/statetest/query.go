package statetest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
)

// captured returns items in every state that matters, captured in no order, some
// at the same time and some at a time that is not known.
func captured(n int) []*state.Item {
	list := mixed(n)
	for i, it := range list {
		it.Name = fmt.Sprintf("%c%03d é.MP4", "ABC"[i%3], (i*37)%n)
		if i%5 != 0 {
			it.CapturedAt = time.Date(2026, 1, 1+(i*7)%28, 9, 0, 0, (i%2)*500_000_000, time.UTC)
		}
	}
	return list
}

func testQueries(t *testing.T, h Harness) {
	b, ctx := h.started(t), t.Context()
	list := captured(h.most(150))
	must(t, b.PutItems(ctx, "s", list...))
	for _, q := range queries() {
		want := names(found(list, q))
		var all, paged []*state.Item
		all = collect(t, b.Items(ctx, "s", q))
		equal(t, fmt.Sprintf("%+v", q), want, names(all))
		for q.Limit = 7; ; q.After = paged[len(paged)-1].Seq {
			page := collect(t, b.Items(ctx, "s", q))
			if paged = append(paged, page...); len(page) < q.Limit {
				break
			}
		}
		equal(t, fmt.Sprintf("%+v by pages", q), want, names(paged))
	}
	for _, q := range []state.Query{{After: 1 << 40}, {After: 1 << 40, Order: state.ByName}, {Awaiting: state.Create, After: 1 << 40, Limit: 1}} {
		equal(t, fmt.Sprintf("beyond the end, %+v", q), 0, len(collect(t, b.Items(ctx, "s", q))))
	}
	wantNotFound(t, "Items of another session", last(b.Items(ctx, "other", state.Query{Order: state.ByCaptured})))
}

// queries are of all sorts, without cursor and limit.
func queries() (all []state.Query) {
	day := func(n int) time.Time { return time.Date(2026, 1, n, 9, 0, 0, 0, time.UTC) }
	for _, order := range []state.Order{state.BySeq, state.ByName, state.ByCaptured} {
		for _, descending := range []bool{false, true} {
			for _, q := range []state.Query{
				{},
				{Awaiting: state.Discovery},
				{Awaiting: state.Create},
				{Awaiting: state.Filing},
				{Outcome: state.OutcomeFailed},
				{Outcome: state.OutcomeSkipped, Awaiting: state.Create},
				{Prefix: "B"},
				{Prefix: "B1", Outcome: state.OutcomePending},
				{Prefix: "%"},
				{Captured: media.Window{Start: day(5), End: day(9)}},
				{Captured: media.Window{Start: day(20)}, Awaiting: state.Transfer},
				{Captured: media.Window{End: day(3)}, Outcome: state.OutcomeCreated},
			} {
				q.Order, q.Descending = order, descending
				all = append(all, q)
			}
		}
	}
	return all
}

// found returns the items that a query without cursor and limit selects.
func found(list []*state.Item, q state.Query) (some []*state.Item) {
	for _, it := range list {
		if (q.Awaiting == "" || it.Next() == q.Awaiting) && (q.Outcome == "" || it.Outcome() == q.Outcome) && strings.HasPrefix(it.Name, q.Prefix) &&
			(q.Captured.IsZero() || !it.CapturedAt.IsZero() && q.Captured.Contains(it.CapturedAt)) {
			some = append(some, it)
		}
	}
	slices.SortFunc(some, func(a, b *state.Item) int {
		order := cmp.Compare(a.Seq, b.Seq)
		switch q.Order {
		case state.ByName:
			order = cmp.Or(strings.Compare(a.Name, b.Name), order)
		case state.ByCaptured:
			order = cmp.Or(a.CapturedAt.Compare(b.CapturedAt), order)
		}
		if q.Descending {
			return -order
		}
		return order
	})
	return some
}

func names(list []*state.Item) (all []string) {
	for _, it := range list {
		all = append(all, it.Name)
	}
	return all
}

// testQueryWhileWriting stores items in the midst of an iteration: what no longer is
// what was asked for does not come.
func testQueryWhileWriting(t *testing.T, h Harness) {
	b, ctx := h.started(t), t.Context()
	list := items(0, 30)
	must(t, b.PutItems(ctx, "s", list...))
	n := 0
	for it, err := range b.Items(ctx, "s", state.Query{Outcome: state.OutcomePending, Order: state.ByName}) {
		must(t, err)
		if n++; it.Seq != 1 {
			t.Errorf("item %d came though it had failed", it.Seq)
		}
		for _, other := range list[1:] {
			other.Transfer = state.Failed
		}
		must(t, b.PutItems(ctx, "s", list[1:]...))
	}
	if n != 1 {
		t.Errorf("%d items came, want 1", n)
	}
}
