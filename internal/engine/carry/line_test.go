package carry_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/engine/carry"
	"github.com/gondola-sync/gondola/internal/engine/flow"
	"github.com/gondola-sync/gondola/internal/engine/monitor"
	"github.com/gondola-sync/gondola/internal/engine/register"
	"github.com/gondola-sync/gondola/internal/engine/repeats"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/progress"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// line is a carrier and a registrar between fakes in memory: a store, a source and
// a destination whose answers the fields say. Everything takes its time.
type line struct {
	fixed     int // files in flight
	batch     int // items per create call
	rnd       *rand.Rand
	storm     float64                           // chance that any one operation fails
	upload    func(it media.Item, n int) error  // fails the nth upload of an item, from 1
	create    func(it media.Item, n int) error  // refuses the nth registration of an item, from 1
	uploading func(it media.Item) time.Duration // how long an upload takes; a second if nil
	put       func(it *state.Item) error        // fails a change of the store

	slots  *flow.Slots
	events []progress.Event
	listed chan struct{}

	mu        sync.Mutex // guards what follows
	items     map[int64]*state.Item
	batches   map[int]state.Batch
	uploads   map[string]int // by key
	creates   map[string]int
	arrivals  map[string]int
	tokens    map[string]string // to keys
	flying    int
	most      int
	overlap   bool // an item was in flight twice at once
	inFlight  map[string]bool
	late      []station.Upload // of uploads that have returned
	callbacks bool             // call Sent and Resent after the upload has returned
}

func newLine(seed uint64) *line {
	return &line{
		fixed: 3, batch: 4, rnd: rand.New(rand.NewPCG(seed, 7)),
		listed: make(chan struct{}),
		items:  map[int64]*state.Item{}, batches: map[int]state.Batch{},
		uploads: map[string]int{}, creates: map[string]int{}, arrivals: map[string]int{},
		tokens: map[string]string{}, inFlight: map[string]bool{},
	}
}

// add stores an item of some bytes that awaits transfer.
func (l *line) add(size int64) *state.Item {
	n := int64(len(l.items) + 1)
	it := &state.Item{
		Item: media.Item{
			ID:   media.ID{Station: "gopro", Medium: fmt.Sprintf("m%d", n), Part: 1},
			Name: fmt.Sprintf("GX01%04d.MP4", n), Size: size, Kind: media.Video,
		},
		Seq: n, Discovery: state.Completed, Transfer: state.Pending, Create: state.Pending,
	}
	l.items[n] = it
	return copied(it)
}

// transferred stores an item that an earlier run has transferred.
func (l *line) transferred() *state.Item {
	it := l.add(7)
	it.Transfer, it.Receipt = state.Completed, &station.Receipt{Token: "early " + it.Name, Size: 7, At: time.Now().Add(-time.Hour)}
	it.Carried = 7
	l.items[it.Seq] = copied(it)
	l.tokens[it.Receipt.Token] = it.ID.Key()
	return it
}

// run runs both stages to their end.
func (l *line) run(ctx context.Context) error {
	log := slog.New(slog.DiscardHandler)
	m := monitor.New(log, func(e progress.Event) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.events = append(l.events, e)
	})
	begin := func(context.Context) error { return nil }
	var carrier *carry.Carrier
	registrar := register.New(register.Options{
		Destination: l, Store: l, Report: m, Listed: l.listed, Begin: begin,
		Failed: failed(m, state.Create), Again: func() { carrier.Again() },
	})
	carrier = l.carrier(m, registrar)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error {
		defer registrar.Close()
		return carrier.Run(ctx)
	})
	g.Go(func() error { return registrar.Run(ctx) })
	err := g.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.callbacks {
		for _, u := range l.late {
			u.Sent(3)
			u.Resent(2)
			u.Failed(&fault.Error{Class: fault.Transient, Code: fault.Server})
		}
	}
	return err
}

func (l *line) setSlots() { l.slots = flow.NewSlots(l.fixed, slog.New(slog.DiscardHandler)) }

func (l *line) carrier(m *monitor.Monitor, to carry.Registrar) *carry.Carrier {
	if l.slots == nil {
		l.setSlots()
	}
	return carry.New(carry.Options{
		Source: source{l}, Destination: l, Store: l, Registrar: to,
		Slots: l.slots, Limits: new(flow.Limits), Repeats: repeats.New(), Monitor: m,
		Listed: l.listed, Begin: func(context.Context) error { return nil }, Failed: failed(m, state.Transfer),
	})
}

func failed(m *monitor.Monitor, stage state.Stage) func(*state.Item, error) error {
	return func(it *state.Item, err error) error {
		m.Failed(it, stage, err)
		return nil
	}
}

// strikes reports whether an operation fails. It needs l.mu.
func (l *line) strikes() bool { return l.storm > 0 && l.rnd.Float64() < l.storm }

func copied(it *state.Item) *state.Item {
	c := *it
	c.Errors = maps.Clone(it.Errors)
	return &c
}

func (l *line) Page(ctx context.Context, q state.Query) (page []*state.Item, err error) {
	time.Sleep(time.Millisecond)
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, seq := range slices.Sorted(maps.Keys(l.items)) {
		it := l.items[seq]
		if seq > q.After && it.Awaits() == q.Awaiting && (q.Limit == 0 || len(page) < q.Limit) {
			page = append(page, copied(it))
		}
	}
	return page, ctx.Err()
}

func (l *line) Put(items ...*state.Item) error {
	time.Sleep(time.Millisecond)
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, it := range items {
		if l.put != nil {
			if err := l.put(it); err != nil {
				return err
			}
		}
		l.items[it.Seq] = copied(it)
	}
	return nil
}

func (l *line) Batches(context.Context) iter.Seq2[*state.Batch, error] {
	return func(yield func(*state.Batch, error) bool) {
		for _, i := range slices.Sorted(maps.Keys(l.batches)) {
			if b := l.batches[i]; !yield(&b, nil) {
				return
			}
		}
	}
}

func (l *line) PutBatch(b *state.Batch) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.batches[b.Index] = *b
	return nil
}

func (l *line) Recall(context.Context, string) (*state.LedgerEntry, error) {
	return nil, state.ErrNotFound
}
func (l *line) Record(...state.LedgerEntry) error                   { return nil }
func (l *line) LockAccount(context.Context) (state.Unlocker, error) { return nil, nil }
func (l *line) Header() state.Session                               { return state.Session{BatchSize: l.batch} }
func (l *line) Change(func(*state.Session))                         {}
func (l *line) Update(func(*state.Session)) error                   { return nil }
func (l *line) Name() string                                        { return "gphotos:" }
func (l *line) Account(context.Context) (string, error)             { return "gphotos:me", nil }
func (l *line) Refuse(media.Item) *media.Refusal                    { return nil }
func (l *line) Limits() station.Limits                              { return station.Limits{Batch: 50} }

// Upload reads the item, for about a second, and hands out a token.
func (l *line) Upload(ctx context.Context, u station.Upload) (station.Receipt, error) {
	key := u.Item.ID.Key()
	l.mu.Lock()
	l.uploads[key]++
	n := l.uploads[key]
	l.flying++
	l.most = max(l.most, l.flying)
	l.overlap = l.overlap || l.inFlight[key]
	l.inFlight[key] = true
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.flying--
		delete(l.inFlight, key)
		l.late = append(l.late, u)
	}()

	content, err := u.Open(ctx, 0)
	if err != nil {
		return station.Receipt{}, err
	}
	defer content.Body.Close()
	if err := u.Save(ctx, station.Checkpoint{Size: content.Size}); err != nil {
		return station.Receipt{}, err
	}
	l.mu.Lock()
	takes := time.Second
	if l.uploading != nil {
		takes = l.uploading(u.Item)
	}
	l.mu.Unlock()
	select {
	case <-time.After(takes):
	case <-ctx.Done():
		return station.Receipt{}, context.Cause(ctx)
	}
	data, err := io.ReadAll(content.Body)
	u.Sent(int64(len(data)))
	if err != nil {
		return station.Receipt{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.strikes() {
		return station.Receipt{}, fmt.Errorf("upload of %s: dropped", u.Item.Name)
	}
	if l.upload != nil {
		if err := l.upload(u.Item, n); err != nil {
			return station.Receipt{}, err
		}
	}
	token := fmt.Sprintf("%s/%d", key, n)
	l.tokens[token] = key
	sum := sha256.Sum256(data)
	return station.Receipt{Token: token, Size: int64(len(data)), SHA256: hex.EncodeToString(sum[:]), At: time.Now().UTC()}, nil
}

func (l *line) Create(ctx context.Context, b station.Batch) (station.BatchResult, error) {
	time.Sleep(100 * time.Millisecond)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.strikes() {
		return station.BatchResult{}, &fault.Error{Class: fault.Transient, Code: fault.Server, Op: "create"}
	}
	var answer station.BatchResult
	for _, e := range b.Entries {
		answer.Results = append(answer.Results, l.createOne(e))
	}
	return answer, ctx.Err()
}

func (l *line) createOne(e station.Entry) station.Result {
	key := e.Item.ID.Key()
	l.creates[key]++
	if l.tokens[e.Receipt.Token] != key {
		return station.Result{Err: &fault.Error{Class: fault.Item, Code: fault.TokenInvalid, Op: "create " + e.Item.Name}}
	}
	if l.create != nil {
		if err := l.create(e.Item, l.creates[key]); err != nil {
			return station.Result{Err: err}
		}
	}
	if l.strikes() {
		delete(l.tokens, e.Receipt.Token)
		return station.Result{Err: &fault.Error{Class: fault.Item, Code: fault.TokenInvalid, Op: "create " + e.Item.Name}}
	}
	l.arrivals[key]++
	return station.Result{ID: "id-" + key}
}

// source is a source of empty-headed bytes.
type source struct{ l *line }

func (source) Name() string                           { return "gopro:" }
func (source) Origin(context.Context) (string, error) { return "", nil }
func (source) List(context.Context, media.Window) iter.Seq2[media.Item, error] {
	return func(func(media.Item, error) bool) {}
}

func (s source) Open(_ context.Context, item media.Item, offset int64, _ string) (*station.Content, error) {
	data := []byte(item.ID.Key())
	return &station.Content{Body: io.NopCloser(bytes.NewReader(data[offset:])), Offset: offset, Size: int64(len(data))}, nil
}

// tb is a test or a property.
type tb interface {
	Helper()
	Errorf(format string, args ...any)
}

// wantRegistered fails unless all items are registered once, and the number of
// files in flight was kept.
func (l *line) wantRegistered(t tb) {
	t.Helper()
	for _, it := range l.items {
		if key := it.ID.Key(); it.Awaits() != "" || l.arrivals[key] != 1 {
			t.Errorf("%s awaits %q, transfer %s, create %s; registered %d times", it.Name, it.Awaits(), it.Transfer, it.Create, l.arrivals[key])
		}
	}
	l.wantInOrder(t)
}

func (l *line) wantInOrder(t tb) {
	t.Helper()
	if l.most > l.fixed || l.overlap {
		t.Errorf("%d files in flight, want at most %d; one twice: %t", l.most, l.fixed, l.overlap)
	}
	if l.flying != 0 {
		t.Errorf("%d uploads have not ended", l.flying)
	}
}
