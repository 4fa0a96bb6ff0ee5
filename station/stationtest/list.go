package stationtest

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
)

// errStopped is the cause with which the suite cancels.
var errStopped = errors.New("stopped by the test")

// wantStopped fails the test unless err is that of a cancelled call.
func wantStopped(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, errStopped) && !errors.Is(err, context.Canceled) {
		t.Errorf("%s after a cancellation: %v, want its cause", what, err)
	}
}

// testList lists everything: each file once, described as the contract says.
func testList(t *testing.T, h Source) {
	s := h.Open(t)
	want := map[string]File{}
	for _, f := range h.Library {
		want[f.Item.ID.Key()] = f
	}
	seen := map[string]bool{}
	for _, item := range list(t, s, media.Window{}) {
		key := item.ID.Key()
		f, known := want[key]
		switch {
		case seen[key]:
			t.Errorf("%s is listed twice", key)
		case !known:
			t.Errorf("%s is listed, which the source does not hold", key)
		default:
			checkItem(t, s, item, f)
		}
		seen[key] = true
	}
	for key := range want {
		if !seen[key] {
			t.Errorf("%s is not listed", key)
		}
	}
}

func checkItem(t *testing.T, s station.Source, item media.Item, f File) {
	t.Helper()
	key := item.ID.Key()
	if err := item.CheckIdentity(); err != nil {
		t.Errorf("%s: %v", key, err)
	}
	if !strings.HasPrefix(s.Name(), item.ID.Station) || !strings.HasSuffix(s.Name(), ":") {
		t.Errorf("%s is of station %q, which is named %q", key, item.ID.Station, s.Name())
	}
	if item.Name == "" || item.Name != media.SafeName(item.Name) || item.Dir != "" && item.Dir != media.SafeDir(item.Dir) {
		t.Errorf("%s has the name %q in directory %q, which is not safe", key, item.Name, item.Dir)
	}
	if !item.CapturedAt.Equal(f.Item.CapturedAt) {
		t.Errorf("%s was captured at %v, want %v", key, item.CapturedAt, f.Item.CapturedAt)
	}
	if f.Item.Refusal != nil {
		if item.Refusal == nil || item.Refusal.Code != f.Item.Refusal.Code || item.Refusal.Reason == "" {
			t.Errorf("%s is refused with %+v, want code %q and a reason", key, item.Refusal, f.Item.Refusal.Code)
		}
		return
	}
	if item.Refusal != nil {
		t.Errorf("%s is refused with %+v", key, item.Refusal)
	}
	if item.Size != media.SizeUnknown && item.Size != int64(len(f.Data)) {
		t.Errorf("%s has %d bytes, want %d", key, item.Size, len(f.Data))
	}
	if item.Kind != media.Photo && item.Kind != media.Video {
		t.Errorf("%s is of kind %q", key, item.Kind)
	}
}

// testListAgain lists twice, from two processes: the same items.
func testListAgain(t *testing.T, h Source) {
	first, second := list(t, h.Open(t), media.Window{}), list(t, h.Open(t), media.Window{})
	byKey := func(a, b media.Item) int { return cmp.Compare(a.ID.Key(), b.ID.Key()) }
	slices.SortFunc(first, byKey)
	slices.SortFunc(second, byKey)
	same := func(a, b media.Item) bool {
		return a.ID == b.ID && a.Object == b.Object && a.Name == b.Name && a.Size == b.Size && a.Version == b.Version && a.Revision == b.Revision
	}
	if !slices.EqualFunc(first, second, same) {
		t.Errorf("two listings of one state differ:\n%+v\n%+v", first, second)
	}
}

// testWindow lists windows that begin and end at capture times and beside them.
func testWindow(t *testing.T, h Source) {
	var times []time.Time
	for _, f := range h.Library {
		times = append(times, f.Item.CapturedAt)
	}
	slices.SortFunc(times, time.Time.Compare)
	times = slices.Compact(times)
	first, last := times[0], times[len(times)-1]
	middle := times[len(times)/2]
	s := h.Open(t)
	for _, w := range []media.Window{
		{}, {Start: first, End: last}, {Start: middle}, {End: middle}, {Start: middle, End: middle},
		{Start: middle.Add(time.Second)}, {End: middle.Add(-time.Second)}, {End: first.Add(-time.Second)},
		{Start: last.Add(time.Second)}, {Start: first.Add(time.Second), End: last.Add(-time.Second)},
	} {
		var got, want []string
		for _, item := range list(t, s, w) {
			got = append(got, item.ID.Key())
		}
		for _, f := range h.Library {
			if w.Contains(f.Item.CapturedAt) {
				want = append(want, f.Item.ID.Key())
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("captured from %v to %v: listed %q, want %q", w.Start, w.End, got, want)
		}
	}
}

// testAdjacent wants the items of one medium adjacent and in part order.
func testAdjacent(t *testing.T, h Source) {
	ended := map[string]bool{}
	var before media.ID
	for _, item := range list(t, h.Open(t), media.Window{}) {
		id := item.ID
		if id.Medium != before.Medium {
			ended[before.Medium] = true
			if ended[id.Medium] {
				t.Errorf("%s comes apart from the other items of its medium", id.Key())
			}
		} else if id.Label == before.Label && id.Part < before.Part {
			t.Errorf("%s comes after %s", id.Key(), before.Key())
		}
		before = id
	}
}

// testOrigin asks several processes for the origin.
func testOrigin(t *testing.T, h Source) {
	s := h.Open(t)
	first := origin(t, s)
	if first == "" || first != media.Word(first) {
		t.Errorf("Origin = %q, want a word", first)
	}
	list(t, s, media.Window{})
	if again, other := origin(t, s), origin(t, h.Open(t)); again != first || other != first {
		t.Errorf("Origin = %q, then %q, and %q from another process", first, again, other)
	}
	ctx, _ := cancelled(t)
	if _, err := origined(h.Open(t)).Origin(ctx); err != nil {
		wantStopped(t, "Origin", err)
	}
}

// origined is a source that knows which instance of its station it is.
func origined(s station.Source) interface {
	Origin(ctx context.Context) (string, error)
} {
	return s.(interface {
		Origin(ctx context.Context) (string, error)
	})
}

func origin(t *testing.T, s station.Source) string {
	t.Helper()
	o, err := origined(s).Origin(t.Context())
	if err != nil {
		t.Fatalf("Origin: %v", err)
	}
	return o
}

// testOriginsApart lists two origins: no item of one can pass for one of the other.
func testOriginsApart(t *testing.T, h Source) {
	one, other := h.Open(t), h.Other(t)
	if a, b := origin(t, one), origin(t, other); a == b {
		t.Errorf("two origins are both %q", a)
	}
	seen := map[string]bool{}
	for _, item := range list(t, one, media.Window{}) {
		seen[item.LedgerKey()] = true
	}
	items := list(t, other, media.Window{})
	for _, item := range items {
		if seen[item.LedgerKey()] {
			t.Errorf("%s is an item of two origins", item.LedgerKey())
		}
	}
	if len(items) == 0 {
		t.Error("the other origin is empty: nothing is proven")
	}
}

// testTruncated wants a listing that lacks something to end with an error, once.
func testTruncated(t *testing.T, h Source) {
	s := h.Open(t)
	h.Truncate(t)
	var errs []error
	for item, err := range s.List(t.Context(), media.Window{}) {
		if len(errs) > 0 {
			t.Errorf("%s, %v came after an error", item.ID.Key(), err)
		}
		if err != nil {
			errs = append(errs, err)
		}
	}
	if len(errs) == 0 {
		t.Fatal("a listing that lacks media ended as if it were complete")
	}
	if fault.CodeOf(errs[0]) == "" {
		t.Errorf("the listing ended with %v, want a fault", errs[0])
	}
}

// testStopListing leaves a listing early, and lists again.
func testStopListing(t *testing.T, h Source) {
	s := h.Open(t)
	for range s.List(t.Context(), media.Window{}) {
		break
	}
	if got := len(list(t, s, media.Window{})); got != len(h.Library) {
		t.Errorf("%d items after a listing that was left early, want %d", got, len(h.Library))
	}
}

// testCancelListing cancels before and amid a listing: it ends with an error.
func testCancelListing(t *testing.T, h Source) {
	for _, after := range []int{0, 1, 2} {
		s := h.Open(t)
		ctx, cancel := context.WithCancelCause(t.Context())
		n := 0
		var last error
		if after == 0 {
			cancel(errStopped)
		}
		for _, err := range s.List(ctx, media.Window{}) {
			if last != nil {
				t.Error("a listing went on after its error")
			}
			if last = err; err != nil {
				continue
			}
			if n++; n == after {
				cancel(errStopped)
			}
		}
		cancel(nil)
		if last != nil || n < len(h.Library) {
			wantStopped(t, "List", last)
		}
	}
}

// testTypes wants the types of all items among those that the source names.
func testTypes(t *testing.T, h Source) {
	s := h.Open(t)
	typed, ok := s.(station.TypeLister)
	if !ok {
		t.Skip("no TypeLister")
	}
	for _, item := range list(t, s, media.Window{}) {
		if item.Type != "" && !slices.Contains(typed.Types(), item.Type) {
			t.Errorf("%s is of type %q, which is not among %q", item.ID.Key(), item.Type, typed.Types())
		}
	}
}

// testSourceMeter wants requests to be counted, and those of a forecast to be of
// kinds that are counted.
func testSourceMeter(t *testing.T, h Source) {
	s := h.Open(t)
	m, ok := s.(station.Meter)
	if !ok {
		t.Skip("no Meter")
	}
	checkMeter(t, m, func() {
		items := list(t, s, media.Window{})
		for _, item := range items {
			if item.Refusal == nil {
				read(t, open(t, s, item, 0, ""))
			}
		}
	})
}

// checkMeter does some work and looks at the counts before and after.
func checkMeter(t *testing.T, m station.Meter, work func()) {
	t.Helper()
	total := func(counts map[string]int64) (n int64) {
		for _, c := range counts {
			n += c
		}
		return n
	}
	before := total(m.Requests())
	work()
	after := m.Requests()
	if total(after) <= before {
		t.Errorf("%d requests before the work, %d after it", before, total(after))
	}
	forecaster, ok := m.(station.Forecaster)
	if !ok {
		return
	}
	for _, load := range []station.Load{{}, {Items: 1, Bytes: 1, Batch: 1}, {Items: 101, Bytes: 1 << 40, Batch: 50}} {
		for kind, n := range forecaster.Forecast(load) {
			if _, counted := after[kind]; !counted || n < 0 || load.Items == 0 && n != 0 {
				t.Errorf("a load of %+v takes %d requests of kind %q; counted are %v", load, n, kind, after)
			}
		}
	}
}
