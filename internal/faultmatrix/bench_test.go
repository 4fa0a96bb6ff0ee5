package faultmatrix

import (
	"cmp"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/gopro"
	"github.com/gondola-sync/gondola/gphotos"
	"github.com/gondola-sync/gondola/gphotos/auth"
	"github.com/gondola-sync/gondola/progress"
	"github.com/gondola-sync/gondola/resumable"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/jsondir"
	"github.com/gondola-sync/gondola/station"
)

const (
	kib = 1 << 10
	mib = 1 << 20
	// segment is what one upload request of a large file carries.
	segment = mib
)

// began is when all rows begin, by the machine's clock.
var began = time.Date(2026, 3, 4, 20, 0, 0, 0, time.UTC)

// bench is one emulated world and one machine that syncs in it.
type bench struct {
	t      *testing.T
	row    *row
	cloud  *emulator.Emulator
	dir    string
	token  string       // of GoPro; "": the one that the user would copy now
	signed *gopro.OAuth // how the machine renews it; nil: it cannot

	original map[string]bool // digests of what the account held at first
	last     result
}

// result is one finished run.
type result struct {
	summary  *gondola.Summary
	err      error
	failures []failure
	took     time.Duration // by the machine's clock
	requests int           // as the services counted them
	received int64         // bytes that arrived at the upload endpoint
	served   int64         // bytes that left the CDN
}

type failure struct {
	name  string
	fault *progress.Fault
}

func newBench(t *testing.T, r *row) *bench {
	t.Helper()
	time.Sleep(time.Until(began))
	o := r.options
	o.Library = r.world.library()
	o.Start = time.Now().Add(r.skew)
	cloud, err := emulator.New(o)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, row: r, cloud: cloud, dir: t.TempDir(), original: map[string]bool{}}
	for _, e := range cloud.GoPro.Expected() {
		b.original[e.SHA256] = true
	}
	b.logIn()
	return b
}

// logIn writes new credentials for Google, as after a login.
func (b *bench) logIn() {
	b.t.Helper()
	if _, _, err := b.cloud.WriteCredentials(b.dir); err != nil {
		b.t.Fatal(err)
	}
}

// sync is one run of the program: everything but the files is new.
func (b *bench) sync(during func(*bench)) result {
	b.t.Helper()
	backend := b.backend()
	defer backend.Close()
	if during != nil {
		backend = &atFirstTransfer{Backend: backend, do: func() { during(b) }}
	}
	ctx, cancel := context.WithCancel(b.t.Context())
	defer cancel()

	var r result
	bus := new(progress.Bus)
	events := bus.Subscribe(2, progress.Hold)
	var reading sync.WaitGroup
	reading.Go(func() {
		for e := range events.Events() {
			if item, ok := e.(progress.Item); ok && item.Status == state.Failed {
				r.failures = append(r.failures, failure{item.Name, item.Fault})
			}
		}
	})
	o := gondola.Options{
		Source: b.source(), Destination: b.destination(), Backend: backend, SessionID: "s",
		Album: b.row.world.album,
		Bus:   bus,
	}
	if b.row.tune != nil {
		b.row.tune(b, &o)
	}
	before := b.count()
	began := time.Now()
	r.summary, r.err = gondola.Sync(ctx, o)
	r.took = time.Since(began)
	bus.Close()
	reading.Wait()
	synctest.Wait()
	after := b.count()
	r.requests, r.received, r.served = after.requests-before.requests, after.received-before.received, after.served-before.served
	b.last = r
	time.Sleep(time.Second)
	return r
}

// atFirstTransfer calls do when the first transferred item was stored.
type atFirstTransfer struct {
	state.Backend
	once sync.Once
	do   func()
}

func (f *atFirstTransfer) PutItems(ctx context.Context, session string, items ...*state.Item) error {
	err := f.Backend.PutItems(ctx, session, items...)
	if err == nil && slices.ContainsFunc(items, func(it *state.Item) bool { return it.Receipt != nil }) {
		f.once.Do(f.do)
	}
	return err
}

func (b *bench) backend() state.Backend {
	b.t.Helper()
	backend, err := jsondir.Open(filepath.Join(b.dir, "sessions"), jsondir.Options{})
	if err != nil {
		b.t.Fatal(err)
	}
	return backend
}

func (b *bench) source() station.Source {
	b.t.Helper()
	client, err := gopro.NewClient(gopro.Options{HTTP: b.cloud.Client(), Token: cmp.Or(b.token, b.cloud.GoPro.Token()), Refresh: b.signed})
	if err != nil {
		b.t.Fatal(err)
	}
	source, err := gopro.NewSource(client, gopro.SourceOptions{})
	if err != nil {
		b.t.Fatal(err)
	}
	return source
}

func (b *bench) photos() *gphotos.Client {
	b.t.Helper()
	client, err := auth.ReadClient(filepath.Join(b.dir, "client_secret.json"))
	if err != nil {
		b.t.Fatal(err)
	}
	tokens := auth.NewTokens(auth.Config{
		Client: client, HTTP: b.cloud.Client(), Store: auth.NewStore(filepath.Join(b.dir, "token.json"), nil),
	})
	photos, err := gphotos.NewClient(gphotos.Options{
		HTTP: b.cloud.Client(), Tokens: tokens,
		Sizing: resumable.Sizing{First: segment, Min: segment, Max: segment},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return photos
}

func (b *bench) destination() station.Destination {
	b.t.Helper()
	photos := b.photos()
	var o gphotos.DestinationOptions
	if b.row.proof != nil {
		o.BatchSize = b.row.proof.batch
	}
	d, err := gphotos.NewDestination(photos, o)
	if err != nil {
		b.t.Fatal(err)
	}
	return d
}

type counted struct {
	requests         int
	received, served int64
}

func (b *bench) count() (c counted) {
	for _, e := range b.cloud.Log.Entries("") {
		c.requests++
		switch e.Route {
		case "upload.raw", "upload.chunk", "upload.finalize":
			c.received += e.In
		case "cdn.get":
			c.served += e.Out
		}
	}
	return c
}

// hits counts the requests that a kind of fault hit.
func (b *bench) hits(kind emulator.FaultKind) (n int) {
	for _, e := range b.cloud.Log.Entries("") {
		if e.Fault == kind {
			n++
		}
	}
	return n
}

// items reads what the session says of its items.
func (b *bench) items() []*state.Item {
	b.t.Helper()
	backend := b.backend()
	defer backend.Close()
	var items []*state.Item
	for it, err := range backend.Items(b.t.Context(), "s", state.Query{}) {
		if err != nil {
			b.t.Fatal(err)
		}
		items = append(items, it)
	}
	return items
}

// edit changes stored items as only time or another program could.
func (b *bench) edit(change func(n int, it *state.Item)) {
	b.t.Helper()
	items := b.items()
	backend := b.backend()
	defer backend.Close()
	for n, it := range items {
		change(n, it)
		if err := backend.PutItems(b.t.Context(), "s", it); err != nil {
			b.t.Fatal(err)
		}
	}
}

// wantArrived fails unless the library holds every file that a mover has to
// carry, once and byte for byte, nothing else, and all of it in the album.
func (b *bench) wantArrived() {
	b.t.Helper()
	arrivals := b.cloud.Arrivals()
	arrivals.Strange = slices.DeleteFunc(arrivals.Strange, func(it emulator.Item) bool {
		return b.row.removes && b.original[it.SHA256]
	})
	if err := arrivals.Err(); err != nil {
		b.t.Error(err)
	}
	for _, item := range b.cloud.Google.Items() {
		if album := b.row.world.album; album != "" && !slices.Contains(item.Albums, album) {
			b.t.Errorf("%s is not in the album", item.Filename)
		}
	}
	if album := b.row.world.album; album != "" {
		titles := 0
		for _, a := range b.cloud.Google.Albums() {
			if a.Title == album {
				titles++
			}
		}
		if titles != 1 {
			b.t.Errorf("%d albums %q, want one", titles, album)
		}
	}
	for _, leak := range b.cloud.Log.Leaks() {
		b.t.Errorf("a credential was sent to %s %s", leak.Host, leak.Path)
	}
}

// wantSilent fails if a message shows what must stay secret.
func (b *bench) wantSilent(messages ...error) {
	b.t.Helper()
	file, err := os.ReadFile(filepath.Join(b.dir, "token.json"))
	if err != nil {
		b.t.Fatal(err)
	}
	var google struct {
		Token   string `json:"token"`
		Refresh string `json:"refresh_token"`
		Secret  string `json:"client_secret"`
	}
	if err := json.Unmarshal(file, &google); err != nil {
		b.t.Fatal(err)
	}
	secrets := []string{google.Token, google.Refresh, google.Secret, b.cloud.GoPro.Token(), "Signature=", "upload_id="}
	for _, err := range messages {
		if err == nil {
			continue
		}
		text := err.Error() + fault.HintOf(err)
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				b.t.Errorf("an error shows a secret: %s", text)
			}
		}
	}
}
