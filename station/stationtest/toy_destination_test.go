package stationtest_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
	"github.com/gondola-sync/gondola/station/stationtest"
)

// toyDestination is a station to carry to, in memory. Its receipts hold no token,
// as those of a folder: what was uploaded is known by its item.
type toyDestination struct {
	*toyVault
	account string
	defect  string
}

// toyVault is what toyDestinations of one account write to.
type toyVault struct {
	mu      sync.Mutex
	parts   map[string][]byte // guarded by mu; uploads under way, by name
	carried map[string][]byte // guarded by mu; finished uploads, by key of the item
	held    []stationtest.Held
	keys    []string // of held
	calls   []int    // entries of each Create
	titles  []string // of albums; the id is "album " and the index
	names   int
}

func newToyVault() *toyVault {
	return &toyVault{parts: map[string][]byte{}, carried: map[string][]byte{}}
}

// block is how many bytes are confirmed at once.
const block = 64 << 10

func (d *toyDestination) Name() string { return "toy:" }

func (d *toyDestination) Account(context.Context) (string, error) { return "toy:" + d.account, nil }

func (d *toyDestination) Limits() station.Limits { return station.Limits{Batch: 20} }

func (d *toyDestination) Refuse(item media.Item) *media.Refusal {
	switch {
	case item.Refusal != nil:
		return item.Refusal
	case item.Size == 0 && d.defect != "empty files are taken":
		return &media.Refusal{Code: media.RefusedEmpty, Reason: "the file is empty"}
	case strings.HasSuffix(item.Name, ".txt"):
		return &media.Refusal{Code: media.RefusedType, Reason: "texts are not taken"}
	}
	return nil
}

// toyUpload is one Upload.
type toyUpload struct {
	d        *toyDestination
	u        station.Upload
	part     string // name of the partial file
	at, size int64
	version  string
	began    time.Time
}

func (d *toyDestination) Upload(ctx context.Context, u station.Upload) (station.Receipt, error) {
	run := &toyUpload{d: d, u: u}
	if err := context.Cause(ctx); err != nil {
		return station.Receipt{}, err
	}
	for attempt := 0; ; attempt++ {
		err := run.attempt(ctx)
		switch {
		case err == nil:
			return run.finish(), nil
		case context.Cause(ctx) != nil:
			return station.Receipt{}, context.Cause(ctx)
		case attempt == 8 || fault.ClassOf(err) != fault.Transient || fault.CodeOf(err) == fault.Changed:
			return station.Receipt{}, err
		}
	}
}

// attempt opens the file where the upload stands and reads to its end.
func (r *toyUpload) attempt(ctx context.Context) error {
	begun := r.part != ""
	if !begun && r.resumable() {
		r.at = r.u.From.Confirmed
	}
	if r.version == "" && begun && r.d.defect != "a file without a version is joined" {
		r.at = 0 // nothing tells the bytes from those before
	}
	c, err := r.u.Open(ctx, r.at)
	if err != nil {
		return err
	}
	defer c.Body.Close()
	if begun && (c.Version != r.version || c.Size != r.size) && r.d.defect != "a change midway is joined" {
		return &fault.Error{Class: fault.Transient, Code: fault.Changed, Op: "upload " + r.u.Item.Name}
	}
	if !begun {
		if err := r.begin(ctx, c); err != nil || r.part == "" {
			return err
		}
	}
	r.truncate()
	return r.copy(ctx, c.Body)
}

// resumable reports whether the checkpoint is one of this account and vault.
func (r *toyUpload) resumable() bool {
	c, name := r.u.From, ""
	if c == nil || c.Account != r.d.account && r.d.defect != "a checkpoint of another account is taken" {
		return false
	}
	if c.Version == "" && r.d.defect != "a file without a version is joined" {
		return false
	}
	_ = json.Unmarshal(c.Resume, &name) // "" names nothing
	r.d.mu.Lock()
	defer r.d.mu.Unlock()
	part, ok := r.d.parts[name]
	return ok && 0 <= c.Confirmed && c.Confirmed <= min(c.Size, int64(len(part))) && r.d.defect != "uploads begin again"
}

// begin takes the partial file of the checkpoint, or a new one.
func (r *toyUpload) begin(ctx context.Context, c *station.Content) error {
	item := r.u.Item
	item.Size = c.Size
	if refusal := r.d.Refuse(item); refusal != nil {
		return &fault.Error{Class: fault.Item, Code: fault.Rejected, Op: "upload " + item.Name, Err: &station.RefusedError{Refusal: *refusal}}
	}
	r.size, r.version, r.began = c.Size, c.Version, time.Now().UTC()
	joins := r.d.defect == "a changed file is joined"
	if r.resumable() && (joins || r.u.From.Version == c.Version && r.u.From.Size == c.Size) {
		_ = json.Unmarshal(r.u.From.Resume, &r.part)
		r.began = r.u.From.StartedAt
		return nil
	}
	if r.at > 0 {
		r.u.From, r.at = nil, 0 // from the beginning, in the next attempt
		return &fault.Error{Class: fault.Transient, Code: fault.UploadLost, Op: "upload " + item.Name}
	}
	r.d.mu.Lock()
	r.d.names++
	r.part = fmt.Sprintf("part %d", r.d.names)
	r.d.mu.Unlock()
	if r.d.defect == "the first checkpoint comes late" {
		return nil
	}
	return r.save(ctx)
}

func (r *toyUpload) truncate() {
	r.d.mu.Lock()
	defer r.d.mu.Unlock()
	r.d.parts[r.part] = r.d.parts[r.part][:r.at]
}

func (r *toyUpload) save(ctx context.Context) error {
	resume, _ := json.Marshal(r.part)
	err := r.u.Save(ctx, station.Checkpoint{
		Size: r.size, Confirmed: r.at, StartedAt: r.began, Version: r.version, Account: r.d.account, Resume: resume,
	})
	if r.d.defect == "a failed checkpoint is ignored" {
		return nil
	}
	return err
}

// copy writes blocks and confirms each.
func (r *toyUpload) copy(ctx context.Context, body io.Reader) error {
	buffer := make([]byte, block)
	for r.at < r.size {
		n, err := io.ReadFull(body, buffer[:min(block, r.size-r.at)])
		if err != nil && (err != io.EOF && err != io.ErrUnexpectedEOF || r.d.defect != "an early end is the end") {
			return r.broken(err)
		}
		r.d.mu.Lock()
		r.d.parts[r.part] = append(r.d.parts[r.part], buffer[:n]...)
		r.d.mu.Unlock()
		r.at += int64(n)
		if r.u.Sent != nil {
			r.u.Sent(int64(n))
		}
		if err != nil {
			return nil
		}
		if err := r.save(ctx); err != nil {
			return err
		}
	}
	return nil
}

// broken makes a fault of what ended a body.
func (r *toyUpload) broken(err error) error {
	if fault.CodeOf(err) != "" {
		return err
	}
	return &fault.Error{Class: fault.Transient, Code: fault.Unreachable, Op: "upload " + r.u.Item.Name, Err: err}
}

func (r *toyUpload) finish() station.Receipt {
	r.d.mu.Lock()
	defer r.d.mu.Unlock()
	data := slices.Clone(r.d.parts[r.part])
	r.d.carried[r.u.Item.ID.Key()] = data
	if r.d.defect == "Upload creates" {
		r.d.hold(r.u.Item, "")
	}
	return station.Receipt{Size: r.size, SHA256: hexSum(data), At: time.Now().UTC()}
}

func hexSum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func (d *toyDestination) Create(ctx context.Context, b station.Batch) (out station.BatchResult, err error) {
	if err := context.Cause(ctx); err != nil && d.defect != "a cancelled call is made" {
		return out, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.calls = append(d.calls, len(b.Entries))
	if len(b.Entries) > d.Limits().Batch && d.defect != "the limit is ignored" {
		return out, &fault.Error{Class: fault.Session, Code: fault.Protocol, Op: "create", Err: errors.New("too many entries")}
	}
	for _, e := range b.Entries {
		out.Results = append(out.Results, d.register(e, b.AlbumID))
	}
	switch spoiled := slices.ContainsFunc(out.Results, func(r station.Result) bool { return r.Err != nil }); {
	case d.defect == "results are in disorder":
		slices.Reverse(out.Results)
	case d.defect == "one failure is that of all" && spoiled:
		return station.BatchResult{}, &fault.Error{Class: fault.Item, Code: fault.Rejected, Op: "create"}
	}
	return out, nil
}

// register is called with d.mu held.
func (d *toyDestination) register(e station.Entry, album string) station.Result {
	key := e.Item.ID.Key()
	if at := slices.Index(d.keys, key); at >= 0 && d.defect != "a repetition doubles" {
		return station.Result{ID: d.held[at].ID}
	}
	if _, ok := d.carried[key]; !ok || strings.Contains(e.Item.Name, "spoiled") {
		return station.Result{Err: &fault.Error{Class: fault.Item, Code: fault.Rejected, Op: "create " + e.Item.Name}}
	}
	return station.Result{ID: d.hold(e.Item, album)}
}

// hold is called with d.mu held.
func (d *toyDestination) hold(item media.Item, album string) (id string) {
	data := d.carried[item.ID.Key()]
	it := stationtest.Held{ID: fmt.Sprintf("%s/%d", d.account, len(d.held)), Name: item.Name, SHA256: hexSum(data), Size: int64(len(data))}
	it.Albums = d.in(nil, album)
	d.held, d.keys = append(d.held, it), append(d.keys, item.ID.Key())
	return it.ID
}

func (d *toyDestination) Inspect(ctx context.Context, ids []string) ([]*station.RemoteItem, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	out := make([]*station.RemoteItem, len(ids))
	for i, id := range ids {
		if at := slices.IndexFunc(d.held, func(it stationtest.Held) bool { return it.ID == id }); at >= 0 {
			out[i] = &station.RemoteItem{Name: d.held[at].Name, Readiness: station.Ready}
		}
	}
	if d.defect == "Inspect leaves gaps out" {
		return slices.DeleteFunc(out, func(it *station.RemoteItem) bool { return it == nil }), nil
	}
	return out, nil
}
