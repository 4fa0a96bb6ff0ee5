package register

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/engine/lifecycle"
	"github.com/gondola-sync/gondola/internal/retry"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// batcher collects carried items into create calls, one call for each album.
type batcher struct {
	r        *Registrar
	size     int // of the next batch
	ready    []*group
	later    []*state.Item // equal in content to one in ready
	deadline *time.Timer
	index    int // of the next batch record; 0 before the first
	// unanswered are the names of items in create calls of earlier runs whose
	// answer is not known.
	unanswered map[string]bool
	albums     *albums
}

// group is items that are created in one album, or in none.
type group struct {
	album *media.Album
	items []*state.Item
}

// goes reports whether an item is created in an album; nil stands for none.
func (g *group) goes(album *media.Album) bool {
	if g.album == nil || album == nil {
		return g.album == album
	}
	return g.album.Same(*album)
}

// maybeSpent reports whether an item's receipt was in a create call of an earlier
// run whose answer is not known: that run was killed, or gave up.
func (b *batcher) maybeSpent(it *state.Item) bool {
	return b.unanswered[it.Name] && it.Receipt != nil && it.Receipt.At.Before(b.r.Report.Began())
}

// mostTries is how often an item is sent for registration in one run.
const mostTries = 4

func (b *batcher) add(ctx context.Context, it *state.Item) error {
	b.r.expected.remove(it)
	if len(b.ready) == 0 {
		b.deadline.Reset(longestWait)
	}
	g := b.group(b.r.createsIn(it))
	if g.twin(it) {
		b.later = append(b.later, it)
		return nil
	}
	g.items = append(g.items, it)
	if full := b.full(g); full != nil {
		return b.flush(ctx, full)
	}
	return nil
}

// group returns the group of an album.
func (b *batcher) group(album *media.Album) *group {
	for _, g := range b.ready {
		if g.goes(album) {
			return g
		}
	}
	g := &group{album: album}
	b.ready = append(b.ready, g)
	return g
}

// full returns the group to be sent after g has got another item: g, if it is a
// batch, or the largest one if too many items wait; otherwise nil.
func (b *batcher) full(g *group) *group {
	if len(g.items) >= b.size {
		return g
	}
	waiting := 0
	for _, other := range b.ready {
		if waiting += len(other.items); len(other.items) > len(g.items) {
			g = other
		}
	}
	if waiting < ahead*b.size {
		return nil
	}
	return g
}

// twin reports whether the group holds an item of the same content, which a
// destination whose receipts are spent once refuses in one call.
func (g *group) twin(it *state.Item) bool {
	if !it.Receipt.Once {
		return false
	}
	for _, other := range g.items {
		if it.SHA256 != "" && it.SHA256 == other.SHA256 || it.Receipt.Token == other.Receipt.Token {
			return true
		}
	}
	return false
}

// drain sends everything.
func (b *batcher) drain(ctx context.Context) error {
	for len(b.ready) > 0 {
		if err := b.flush(ctx, b.ready[0]); err != nil {
			return err
		}
	}
	return nil
}

// flushAll sends what waits now.
func (b *batcher) flushAll(ctx context.Context) error {
	for _, g := range slices.Clone(b.ready) {
		if err := b.flush(ctx, g); err != nil {
			return err
		}
	}
	return nil
}

// flush sends a group and takes what has to wait into the next.
func (b *batcher) flush(ctx context.Context, g *group) error {
	at := slices.Index(b.ready, g)
	if at < 0 {
		return nil // it was sent meanwhile
	}
	b.ready = slices.Delete(b.ready, at, at+1)
	again, err := b.send(ctx, g)
	if err != nil {
		return err
	}
	if err := b.rest(ctx, again); err != nil {
		return err
	}
	b.size = max(1, min(b.r.Store.Header().BatchSize, b.r.Destination.Limits().Batch))
	waiting := append(b.later, again...)
	b.later = nil
	for _, it := range waiting {
		if err := b.add(ctx, it); err != nil {
			return err
		}
	}
	return nil
}

// rest waits before items are sent again that the service could not register
// for a passing reason.
func (b *batcher) rest(ctx context.Context, again []*state.Item) error {
	var d time.Duration
	var why string
	for _, it := range again {
		if e, failed := it.Errors[state.Create]; failed && e.Type != fault.Duplicate {
			d = max(d, min(2*time.Second<<e.Attempt, time.Minute))
			why = e.Message
		}
	}
	if d == 0 {
		return nil
	}
	b.r.Report.Waiting(fault.Wait{Reason: why, Until: time.Now().Add(d).UTC()})
	return retry.Sleep(ctx, d)
}

// send registers one batch and returns the items to be sent again.
func (b *batcher) send(ctx context.Context, g *group) (again []*state.Item, err error) {
	if err := b.r.Begin(ctx); err != nil {
		return nil, err
	}
	record, err := b.record(ctx, g.items)
	if err != nil {
		return nil, err
	}
	created, err := b.call(ctx, g)
	if err != nil {
		record.Status = state.Failed
		record.Error = new(lifecycle.ErrorRecord(err))
		if saveErr := b.r.Store.PutBatch(record); saveErr != nil {
			return nil, errors.Join(err, saveErr)
		}
		return b.sendElsewhere(ctx, g, err)
	}
	if g.album != nil {
		b.albums.filled(*g.album)
	}
	if b.r.Answered != nil {
		b.r.Answered(created)
	}
	applied, err := b.apply(g, created.Results)
	if err != nil {
		return nil, err
	}
	record.Status = state.Completed
	record.Responses = created.Responses
	return applied.again, errors.Join(applied.ended, b.r.Store.PutBatch(record), b.arrived(ctx, applied.there))
}

func (b *batcher) arrived(ctx context.Context, items []*state.Item) error {
	if b.r.Arrived == nil {
		return nil
	}
	return b.r.Arrived(ctx, items)
}

// sendElsewhere sends a batch again if another album takes the place of the one that
// its call failed because of.
func (b *batcher) sendElsewhere(ctx context.Context, g *group, cause error) (again []*state.Item, err error) {
	if g.album == nil {
		return nil, cause
	}
	renewed, err := b.albums.renew(ctx, *g.album, cause)
	if !renewed || err != nil {
		return nil, errors.Join(cause, err)
	}
	return b.send(ctx, g)
}

// unanswered reports whether the last call that was to register the item got no
// answer.
func unanswered(it *state.Item) bool {
	e, failed := it.Errors[state.Create]
	return failed && (e.Type == fault.Unreachable || e.Type == fault.Protocol)
}

func (b *batcher) call(ctx context.Context, g *group) (created station.BatchResult, err error) {
	batch := station.Batch{Session: b.r.Store.Header().ID}
	if g.album != nil {
		if batch.AlbumID, err = b.albums.id(ctx, *g.album); err != nil {
			return created, err
		}
	}
	for _, it := range g.items {
		batch.Entries = append(batch.Entries, station.Entry{Item: it.Item, Receipt: *it.Receipt, MaybeSpent: b.maybeSpent(it) || unanswered(it)})
	}
	err = retry.Do(ctx, b.r.policy(), func(ctx context.Context) (err error) {
		created, err = b.r.Destination.Create(ctx, batch)
		for i := range batch.Entries {
			batch.Entries[i].MaybeSpent = true // in another attempt
		}
		return err
	})
	if err == nil && len(created.Results) != len(g.items) {
		err = &fault.Error{Class: fault.Session, Code: fault.Protocol, Op: fmt.Sprintf("create %d items: %d results", len(g.items), len(created.Results))}
	}
	return created, err
}

// policy is how calls are repeated that get no answer.
func (r *Registrar) policy() retry.Policy {
	return retry.Policy{Base: 5 * time.Second, Max: 5 * time.Minute, Attempts: 4, Budget: time.Hour, OnWait: r.Report.Waiting}
}

// record stores the batch before it is sent.
func (b *batcher) record(ctx context.Context, items []*state.Item) (*state.Batch, error) {
	if err := b.readRecords(ctx); err != nil {
		return nil, err
	}
	record := &state.Batch{Index: b.index, Status: state.Running}
	for _, it := range items {
		record.FileNames = append(record.FileNames, it.Name)
	}
	b.index++
	return record, b.r.Store.PutBatch(record)
}

// readRecords learns, once, which number is free and which items were in calls
// whose answer is not known.
func (b *batcher) readRecords(ctx context.Context) error {
	if b.index > 0 {
		return nil
	}
	b.unanswered = map[string]bool{}
	index := state.FirstBatchIndex
	for old, err := range b.r.Store.Batches(ctx) {
		if err != nil {
			return err
		}
		index = max(index, old.Index+1)
		for _, name := range old.FileNames {
			if old.Status != state.Completed {
				b.unanswered[name] = true
			}
		}
	}
	b.index = index
	return nil
}
