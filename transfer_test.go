package gondola_test

import (
	"context"
	"fmt"
	"io"
	"iter"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/bandwidth"
	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/progress"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// farSource and farLibrary are at the two ends of one line: every request costs
// a round trip, and all bytes of a direction share its rate.
type farSource struct {
	round    time.Duration
	line     *bandwidth.Limiter // nil: no limit
	items    []media.Item
	manifest time.Duration // what asking for an address costs

	mu       sync.Mutex
	resolved map[media.ID]bool
	ahead    int // addresses that were there when the item was opened
}

func (s *farSource) Name() string                           { return "gopro:" }
func (s *farSource) Origin(context.Context) (string, error) { return "gopro:me", nil }

func (s *farSource) List(context.Context, media.Window) iter.Seq2[media.Item, error] {
	return func(yield func(media.Item, error) bool) {
		for _, item := range s.items {
			if !yield(item, nil) {
				return
			}
		}
	}
}

func (s *farSource) resolve(item media.Item) (known bool) {
	s.mu.Lock()
	known = s.resolved[item.ID]
	s.mu.Unlock()
	if known || s.manifest == 0 {
		return known
	}
	time.Sleep(s.manifest)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.resolved == nil {
		s.resolved = map[media.ID]bool{}
	}
	s.resolved[item.ID] = true
	return false
}

func (s *farSource) Prefetch(_ context.Context, item media.Item) error {
	s.resolve(item)
	return nil
}

func (s *farSource) Open(_ context.Context, item media.Item, offset int64, _ string) (*station.Content, error) {
	if s.resolve(item) {
		s.mu.Lock()
		s.ahead++
		s.mu.Unlock()
	}
	time.Sleep(s.round)
	body := &farBody{line: s.line, left: item.Size - offset}
	return &station.Content{Body: body, Offset: offset, Size: item.Size, Version: "1"}, nil
}

// farBody yields zeros at the rate of the line.
type farBody struct {
	line *bandwidth.Limiter
	left int64
}

func (b *farBody) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), b.left))
	if err := b.line.WaitN(context.Background(), n); err != nil {
		return 0, err
	}
	b.left -= int64(n)
	return n, nil
}

func (b *farBody) Close() error { return nil }

// farLibrary takes a request for a small file and three for a large one.
type farLibrary struct {
	*memoryLibrary
	round  time.Duration
	most   int64         // uploads at once that it puts up with; 0: any
	create time.Duration // what a create call takes

	flying, peak, refused atomic.Int64
	slowest               atomic.Int64 // nanoseconds that one read took
}

// atLeast raises most to n.
func atLeast(most *atomic.Int64, n int64) {
	for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
	}
}

func (l *farLibrary) Upload(ctx context.Context, u station.Upload) (station.Receipt, error) {
	atLeast(&l.peak, l.flying.Add(1))
	defer l.flying.Add(-1)
	for l.most > 0 && l.flying.Load() > l.most {
		l.refused.Add(1)
		u.Failed(&fault.Error{Class: fault.Transient, Code: fault.Rate, Op: "upload " + u.Item.Name})
		select {
		case <-time.After(10 * time.Second):
		case <-ctx.Done():
			return station.Receipt{}, context.Cause(ctx)
		}
	}
	content, err := u.Open(ctx, 0)
	if err != nil {
		return station.Receipt{}, err
	}
	defer content.Body.Close()
	if content.Size > 8<<20 {
		time.Sleep(2 * l.round)
	}
	buf := make([]byte, 256<<10)
	for {
		began := time.Now()
		n, err := content.Body.Read(buf)
		atLeast(&l.slowest, int64(time.Since(began)))
		u.Sent(int64(n))
		if err == io.EOF {
			break
		}
		if err != nil {
			return station.Receipt{}, err
		}
	}
	time.Sleep(l.round)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.begun++
	token := fmt.Sprintf("token-%d", l.begun)
	l.tokens[token] = []byte(token) // what arrived does not matter here
	return station.Receipt{Token: token, Size: content.Size, SHA256: token, At: time.Now().UTC(), Once: true}, nil
}

func (l *farLibrary) Create(ctx context.Context, b station.Batch) (station.BatchResult, error) {
	time.Sleep(l.create)
	return l.memoryLibrary.Create(ctx, b)
}

func (l *farLibrary) Limits() station.Limits { return station.Limits{Batch: 50} }

func far(n int, size int64, kind media.Kind, rate string) (*farSource, *farLibrary) {
	const round = 50 * time.Millisecond
	src := &farSource{round: round}
	if rate != "" {
		table, err := bandwidth.Parse(rate)
		if err != nil {
			panic(err)
		}
		src.line, _ = table.Limiters()
	}
	for i := range n {
		src.items = append(src.items, media.Item{
			ID:   media.ID{Station: "gopro", Medium: fmt.Sprintf("m%04d", i), Part: 1, Label: "source"},
			Name: fmt.Sprintf("GOPR%04d", i), Size: size, Kind: kind,
		})
	}
	return src, &farLibrary{memoryLibrary: newMemoryLibrary(&weather{}), round: round}
}

// TestTheLineIsFull holds what carrying reaches of a line of 25 MB/s and 50 ms
// against what is aimed at.
func TestTheLineIsFull(t *testing.T) {
	for _, tc := range []struct {
		name      string
		items     int
		size      int64
		kind      media.Kind
		manifest  time.Duration
		transfers int
		share     float64
		most      int64 // files in flight
	}{
		{"photos", 300, 2e6, media.Photo, 0, 0, 0.95, 16},
		{"photos of a session that was listed long ago", 300, 2e6, media.Photo, 300 * time.Millisecond, 0, 0.95, 24},
		{"videos", 8, 500e6, media.Video, 300 * time.Millisecond, 0, 0.99, 4},
		{"one by one", 40, 2e6, media.Photo, 0, 1, 0.7, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				src, lib := far(tc.items, tc.size, tc.kind, "25000000B")
				src.manifest = tc.manifest
				o := options(t, src, lib)
				o.Transfers = tc.transfers
				began := time.Now()
				s := mustSync(t, o)
				took := time.Since(began).Seconds()
				ideal := float64(tc.items) * float64(tc.size) / 25e6
				t.Logf("%.2f s, %.1f %% of the line, at most %d in flight", took, 100*ideal/took, lib.peak.Load())
				if s.Outcome != gondola.OutcomeComplete || ideal/took < tc.share {
					t.Errorf("%s in %.2f s, %.1f %% of the line, want %.0f %%", s.Outcome, took, 100*ideal/took, 100*tc.share)
				}
				if n := lib.peak.Load(); n > tc.most {
					t.Errorf("%d files in flight, want at most %d", n, tc.most)
				}
			})
		})
	}
}

// TestServiceThatRefusesTooMany comes to terms with one that takes five uploads
// at a time.
func TestServiceThatRefusesTooMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := far(500, 2e6, media.Photo, "")
		src.round, lib.most = time.Second, 5
		s := mustSync(t, options(t, src, lib))
		if s.Outcome != gondola.OutcomeComplete || lib.refused.Load() > 40 {
			t.Errorf("%s, with %d refusals for 500 files", s.Outcome, lib.refused.Load())
		}
	})
}

// TestAddressesAreThereAhead counts what was resolved before its turn.
func TestAddressesAreThereAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := far(100, 2e6, media.Photo, "10000000B")
		src.manifest = 200 * time.Millisecond
		mustSync(t, options(t, src, lib))
		if src.ahead < 75 {
			t.Errorf("%d of 100 addresses were there when they were needed", src.ahead)
		}
	})
}

// TestCreatingDoesNotHoldUpCarrying has create calls of a minute.
func TestCreatingDoesNotHoldUpCarrying(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src, lib := far(300, 2e6, media.Photo, "25000000B")
		lib.create = time.Minute
		var carried time.Time
		o := options(t, src, lib)
		stop := observe(&o, func(e progress.Event) {
			if item, ok := e.(progress.Item); ok && item.Stage == state.Transfer {
				carried = item.At
			}
		})
		began := time.Now()
		mustSync(t, o)
		stop()
		if took := carried.Sub(began); took > 30*time.Second {
			t.Errorf("300 photos were carried in %v, want 24 s and a little", took)
		}
	})
}

// TestLimitsAreKept holds both legs against their limits, whatever the number of
// files in flight.
func TestLimitsAreKept(t *testing.T) {
	for _, tc := range []struct {
		limit     string
		rate      float64 // bytes a second, of the slower leg
		items     int
		size      int64
		transfers int
	}{
		{"10M", 10 << 20, 1, 300e6, 1},
		{"10M", 10 << 20, 60, 5e6, 16},
		{"4000000B", 4e6, 60, 2e6, 0},
		{"10M:2M", 2 << 20, 8, 10e6, 3},
		{"2M:10M", 2 << 20, 8, 10e6, 3},
		{"1M:off", 1 << 20, 8, 5e6, 4},
		{"off:1M", 1 << 20, 8, 5e6, 4},
		{"512B", 512, 16, 2000, 16},
	} {
		t.Run(fmt.Sprintf("%s with %d of %d files at a time", tc.limit, tc.transfers, tc.items), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				src, lib := far(tc.items, tc.size, media.Photo, "")
				table, err := bandwidth.Parse(tc.limit)
				if err != nil {
					t.Fatal(err)
				}
				o := options(t, src, lib)
				o.Transfers = tc.transfers
				o.Upload, o.Download = table.Limiters()
				moved := mustSync(t, o).Moved
				if slowest := time.Duration(lib.slowest.Load()); slowest > 30*time.Second {
					t.Errorf("a read took %v: connections that wait so long count as stalled", slowest)
				}
				want := float64(tc.items) * float64(tc.size) / tc.rate
				for leg, took := range map[string]time.Duration{"down": moved.Downloading, "up": moved.Uploading} {
					if off := took.Seconds()/want - 1; off < -0.03 || off > 0.03+0.5/want {
						t.Errorf("%s took %v, want %.2f s ± 3 %%", leg, took, want)
					}
				}
			})
		})
	}
}
