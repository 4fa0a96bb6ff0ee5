package gondola_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/progress"
	"github.com/gondola-sync/gondola/station"
)

// A small source and a small strict destination, both unreliable on request,
// to drive the engine with. The real stations are tested against the emulator.

type weather struct {
	mu    sync.Mutex
	rnd   *rand.Rand
	storm float64 // chance that any one operation fails
}

func (w *weather) strikes() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.storm > 0 && w.rnd.Float64() < w.storm
}

func (w *weather) upTo(n int) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.rnd.IntN(n + 1)
}

var errDropped = errors.New("connection dropped")

type memorySource struct {
	weather *weather
	items   []media.Item
	bytes   map[string][]byte // by key
	listErr error             // ends the listing
	origin  string            // "" is "gopro:me"

	mu     sync.Mutex
	opened map[string][]int64 // offsets by key
}

func (s *memorySource) Name() string { return "gopro:" }
func (s *memorySource) Origin(context.Context) (string, error) {
	return cmp.Or(s.origin, "gopro:me"), nil
}

func (s *memorySource) List(ctx context.Context, w media.Window) iter.Seq2[media.Item, error] {
	return func(yield func(media.Item, error) bool) {
		for _, item := range s.items {
			if w.Contains(item.CapturedAt) && !yield(item, ctx.Err()) {
				return
			}
		}
		if s.listErr != nil {
			yield(media.Item{}, s.listErr)
		}
	}
}

func (s *memorySource) Open(ctx context.Context, item media.Item, offset int64, version string) (*station.Content, error) {
	if s.weather.strikes() {
		return nil, errDropped
	}
	data, ok := s.bytes[item.ID.Key()]
	if !ok {
		return nil, &fault.Error{Class: fault.Item, Code: fault.Gone, Op: "open " + item.Name}
	}
	s.mu.Lock()
	s.opened[item.ID.Key()] = append(s.opened[item.ID.Key()], offset)
	s.mu.Unlock()
	now := digest(data)[:8]
	if version != "" && version != now {
		return nil, &fault.Error{Class: fault.Item, Code: fault.Changed, Op: "open " + item.Name}
	}
	body := io.Reader(bytes.NewReader(data[offset:]))
	if s.weather.strikes() {
		cut := s.weather.upTo(len(data) - int(offset))
		body = io.MultiReader(io.LimitReader(body, int64(cut)), failingReader{})
	}
	return &station.Content{Body: io.NopCloser(body), Offset: offset, Size: int64(len(data)), Version: now}, nil
}

type failingReader struct{}

func (failingReader) Read([]byte) (int, error) { return 0, errDropped }

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// memoryLibrary is a destination that keeps what it confirmed across runs.
type memoryLibrary struct {
	weather *weather
	segment int

	mu       sync.Mutex
	account  string
	uploads  map[string][]byte // by upload URL
	tokens   map[string][]byte
	items    map[string]string // id to digest
	names    map[string]string // id to first name
	albums   map[string][]string
	creating bool
	calls    int
	begun    int // upload sessions and tokens handed out
	received int64
	reject   map[string]bool // digests refused for good
	forget   map[string]bool // digests whose token is refused once
	fail     error           // of every create call

	spent     map[string]bool // tokens
	spendOnce bool            // refuse those that are spent
}

func newMemoryLibrary(w *weather) *memoryLibrary {
	return &memoryLibrary{
		weather: w, segment: 64, account: "gphotos:me",
		uploads: map[string][]byte{}, tokens: map[string][]byte{}, items: map[string]string{}, names: map[string]string{},
		albums: map[string][]string{}, reject: map[string]bool{}, forget: map[string]bool{}, spent: map[string]bool{},
	}
}

func (l *memoryLibrary) Name() string                            { return "gphotos:" }
func (l *memoryLibrary) Limits() station.Limits                  { return station.Limits{Batch: 5} }
func (l *memoryLibrary) Account(context.Context) (string, error) { return l.account, nil }
func (l *memoryLibrary) Stale(r station.Receipt) bool            { return time.Since(r.At) > 23*time.Hour }

func (l *memoryLibrary) Refuse(item media.Item) *media.Refusal {
	if item.Size == 0 {
		return &media.Refusal{Code: media.RefusedEmpty, Reason: "the file is empty"}
	}
	return nil
}

func (l *memoryLibrary) Inspect(_ context.Context, ids []string) ([]*station.RemoteItem, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	held := make([]*station.RemoteItem, len(ids))
	for i, id := range ids {
		if _, ok := l.items[id]; ok {
			held[i] = &station.RemoteItem{Readiness: station.Ready}
		}
	}
	return held, nil
}

func (l *memoryLibrary) Album(_ context.Context, title string) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.albums[title]; !ok {
		l.albums[title] = nil
	}
	return title, nil
}

func (l *memoryLibrary) Upload(ctx context.Context, u station.Upload) (station.Receipt, error) {
	c := station.Checkpoint{}
	if u.From != nil {
		c = *u.From
	}
	l.mu.Lock()
	if _, live := l.uploads[string(c.Resume)]; c.Resume == nil || !live {
		l.begun++
		c = station.Checkpoint{Resume: json.RawMessage(strconv.Quote(fmt.Sprintf("upload-%d", l.begun)))}
		l.uploads[string(c.Resume)] = nil
	}
	c.Confirmed = int64(len(l.uploads[string(c.Resume)]))
	l.mu.Unlock()

	content, err := u.Open(ctx, c.Confirmed)
	if err != nil {
		return station.Receipt{}, err
	}
	defer content.Body.Close()
	c.Size, c.Version = content.Size, content.Version
	if err := u.Save(ctx, c); err != nil {
		return station.Receipt{}, err
	}
	for c.Confirmed < c.Size {
		piece := make([]byte, min(int64(l.segment), c.Size-c.Confirmed))
		n, err := io.ReadFull(content.Body, piece)
		l.mu.Lock()
		l.uploads[string(c.Resume)] = append(l.uploads[string(c.Resume)], piece[:n]...)
		l.received += int64(n)
		l.mu.Unlock()
		c.Confirmed += int64(n)
		u.Sent(int64(n))
		if err != nil {
			return station.Receipt{}, err
		}
		if err := u.Save(ctx, c); err != nil {
			return station.Receipt{}, err
		}
		if l.weather.strikes() {
			return station.Receipt{}, errDropped
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	data := l.uploads[string(c.Resume)]
	delete(l.uploads, string(c.Resume))
	l.begun++
	token := fmt.Sprintf("token-%d", l.begun)
	l.tokens[token] = data
	return station.Receipt{Token: token, Size: int64(len(data)), SHA256: digest(data), At: time.Now().UTC(), Once: true}, nil
}

func (l *memoryLibrary) Create(ctx context.Context, b station.Batch) (station.BatchResult, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls++
	if l.creating {
		return station.BatchResult{}, errors.New("two create calls at once")
	}
	if l.fail != nil {
		return station.BatchResult{}, l.fail
	}
	if l.weather.strikes() {
		return station.BatchResult{}, errDropped // before doing anything
	}
	if _, ok := l.albums[b.AlbumID]; b.AlbumID != "" && !ok {
		return station.BatchResult{}, &fault.Error{Class: fault.Session, Code: fault.Album, Op: "create: no such album"}
	}
	created := station.BatchResult{Responses: []string{"{}"}}
	seen := map[string]bool{}
	for _, e := range b.Entries {
		created.Results = append(created.Results, l.createOne(e, b.AlbumID, seen))
	}
	if l.weather.strikes() {
		return station.BatchResult{}, errDropped // the answer is lost
	}
	return created, nil
}

func (l *memoryLibrary) createOne(e station.Entry, album string, seen map[string]bool) station.Result {
	data, ok := l.tokens[e.Receipt.Token]
	sum := digest(data)
	if l.spendOnce && l.spent[e.Receipt.Token] {
		code := fault.Rejected // as the service words it
		if e.MaybeSpent {
			code = fault.TokenInvalid
		}
		return station.Result{Err: &fault.Error{Class: fault.Item, Code: code, Op: "create " + e.Item.Name}}
	}
	switch {
	case !ok || l.forget[sum]:
		delete(l.forget, sum)
		return station.Result{Err: &fault.Error{Class: fault.Item, Code: fault.TokenInvalid, Op: "create " + e.Item.Name}}
	case l.reject[sum]:
		return station.Result{Err: &fault.Error{Class: fault.Item, Code: fault.Rejected, Op: "create " + e.Item.Name}}
	case seen[sum]:
		return station.Result{Err: &fault.Error{Class: fault.Transient, Code: fault.Duplicate, Op: "create " + e.Item.Name}}
	case l.weather.strikes():
		return station.Result{Err: &fault.Error{Class: fault.Transient, Code: fault.Server, Op: "create " + e.Item.Name}}
	}
	seen[sum] = true
	l.spent[e.Receipt.Token] = true
	id := "id-" + sum[:12]
	l.items[id] = sum
	l.names[id] = cmp.Or(l.names[id], e.Item.Name)
	if album != "" && !slices.Contains(l.albums[album], id) {
		l.albums[album] = append(l.albums[album], id)
	}
	return station.Result{ID: id}
}

// pair returns a source of n items of random sizes and an empty library.
func pair(seed uint64, n int) (*memorySource, *memoryLibrary) {
	w := &weather{rnd: rand.New(rand.NewPCG(seed, 1))}
	src := &memorySource{weather: w, bytes: map[string][]byte{}, opened: map[string][]int64{}}
	for i := range n {
		data := make([]byte, 1+w.upTo(400))
		for j := range data {
			data[j] = byte(w.rnd.Uint32())
		}
		src.add(fmt.Sprintf("m%03d", i), fmt.Sprintf("GX01%04d.MP4", i), data)
	}
	return src, newMemoryLibrary(w)
}

func (s *memorySource) add(id, name string, data []byte) media.ID {
	item := media.Item{
		ID:   media.ID{Station: "gopro", Medium: id, Part: 1, Label: "source"},
		Name: name, Size: int64(len(data)), MIME: "video/mp4", Kind: media.Video,
		CapturedAt: time.Date(2026, 1, 8, 9, 0, len(s.items)%3600, 0, time.UTC),
	}
	s.items = append(s.items, item)
	s.bytes[item.ID.Key()] = data
	return item.ID
}

// observe calls f with each event of the runs of o, until stop is called: it
// returns when f has been called with the last one.
func observe(o *gondola.Options, f func(progress.Event)) (stop func()) {
	o.Bus = new(progress.Bus)
	return observed(o.Bus, f)
}

func observed(bus *progress.Bus, f func(progress.Event)) (stop func()) {
	events := bus.Subscribe(2, progress.Hold)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for e := range events.Events() {
			f(e)
		}
	}()
	return func() {
		bus.Close()
		<-done
	}
}

// wantArrived fails unless the library holds exactly the source's contents.
func wantArrived(t testing.TB, src *memorySource, lib *memoryLibrary) {
	t.Helper()
	want := map[string]bool{}
	for _, data := range src.bytes {
		if len(data) > 0 {
			want[digest(data)] = true
		}
	}
	got := map[string]bool{}
	for _, sum := range lib.items {
		got[sum] = true
	}
	if !maps.Equal(got, want) || len(lib.items) != len(want) {
		t.Errorf("the library holds %d items of %d contents, want %d", len(lib.items), len(got), len(want))
	}
}
