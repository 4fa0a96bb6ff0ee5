package gondola

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/retry"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// longestWait is how long a carried item waits for its batch to fill.
const longestWait = 5 * time.Minute

// create registers what was carried, one call at a time: when a batch is full,
// when its oldest item has waited long enough, and at the end. The first batch
// of a run goes out with the first item: what stands in the way of all of them,
// a full account or an album that cannot be used, shows before hours of upload.
func (r *run) create(ctx context.Context, carried <-chan *state.Item) error {
	err := r.createAll(ctx, carried)
	if err == nil {
		err = r.begin(ctx, state.Create)
	}
	return r.end(ctx, state.Create, err)
}

func (r *run) createAll(ctx context.Context, carried <-chan *state.Item) error {
	b := &batcher{run: r, size: 1, deadline: time.NewTimer(longestWait)}
	defer b.deadline.Stop()
	if err := r.createBacklog(ctx, b); err != nil {
		return err
	}
	for {
		select {
		case it, more := <-carried:
			if !more {
				return b.drain(ctx)
			}
			if err := b.add(ctx, it); err != nil {
				return err
			}
		case <-b.deadline.C:
			if err := b.flush(ctx); err != nil {
				return err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// createBacklog takes what an earlier run had carried but not registered. It
// runs before anything that this run carries is taken: what is on the way comes
// by itself.
func (r *run) createBacklog(ctx context.Context, b *batcher) error {
	if r.adopting {
		if err := r.waitListed(ctx); err != nil {
			return err
		}
	}
	var after int64
	for {
		page, err := r.page(ctx, state.ItemQuery{Awaiting: state.Create, After: after, Limit: feedPage})
		if err != nil || len(page) == 0 {
			return err
		}
		for _, it := range page {
			after = it.Seq
			if it.Receipt == nil || r.onTheWay.has(it) || r.givenUp(it) {
				continue
			}
			if err := b.add(ctx, it); err != nil {
				return err
			}
		}
	}
}

// batcher collects carried items into create calls.
type batcher struct {
	run      *run
	size     int // of the next batch
	ready    []*state.Item
	later    []*state.Item // equal in content to one in ready
	deadline *time.Timer
	index    int // of the next batch record; 0 before the first

	albumRenewed bool
}

// maybeSpent tells that an item's receipt was in a create call of an earlier run
// whose answer nobody got: that run was killed, or gave up.
func (r *run) maybeSpent(it *state.Item) bool {
	return r.unanswered[it.Name] && it.Receipt != nil && it.Receipt.At.Before(r.began)
}

// mostCreateTries is how often an item is sent for registration in one run.
const mostCreateTries = 4

func (b *batcher) add(ctx context.Context, it *state.Item) error {
	b.run.onTheWay.remove(it)
	if b.twin(it) {
		b.later = append(b.later, it)
		return nil
	}
	if len(b.ready) == 0 {
		b.deadline.Reset(longestWait)
	}
	b.ready = append(b.ready, it)
	if len(b.ready) < b.size {
		return nil
	}
	return b.flush(ctx)
}

// twin reports whether the batch holds an item of the same content, which a
// destination whose receipts are spent once refuses in one call.
func (b *batcher) twin(it *state.Item) bool {
	if !it.Receipt.Once {
		return false
	}
	for _, other := range b.ready {
		if it.SHA256 != "" && it.SHA256 == other.SHA256 || it.Receipt.Token == other.Receipt.Token {
			return true
		}
	}
	return false
}

func (b *batcher) drain(ctx context.Context) error {
	for len(b.ready)+len(b.later) > 0 {
		if err := b.flush(ctx); err != nil {
			return err
		}
	}
	return nil
}

// flush sends the batch and takes what has to wait into the next.
func (b *batcher) flush(ctx context.Context) error {
	items := b.ready
	b.ready = nil
	if len(items) > 0 {
		again, err := b.send(ctx, items)
		if err != nil {
			return err
		}
		if err := b.rest(ctx, again); err != nil {
			return err
		}
		b.later = append(b.later, again...)
	}
	b.size = max(1, min(b.run.session.BatchSize, b.run.opt.Destination.Limits().Batch))
	waiting := b.later
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
	b.run.waiting(fault.Wait{Reason: why, Until: time.Now().Add(d).UTC()})
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// send registers one batch and returns the items to be sent again.
func (b *batcher) send(ctx context.Context, items []*state.Item) (again []*state.Item, err error) {
	r := b.run
	if err := r.begin(ctx, state.Create); err != nil {
		return nil, err
	}
	if err := r.openAlbum(ctx); err != nil {
		return nil, err
	}
	record, err := b.record(ctx, items)
	if err != nil {
		return nil, err
	}
	created, err := r.callCreate(ctx, items)
	if err == nil && len(created.Results) != len(items) {
		err = &fault.Error{Class: fault.Session, Code: fault.Protocol, Op: fmt.Sprintf("create %d items: %d results", len(items), len(created.Results))}
	}
	if err != nil {
		record.Status = state.Failed
		record.Error = new(errorRecord(err))
		if saveErr := r.opt.Backend.PutBatch(r.lasting, r.id, record); saveErr != nil || !b.albumLost(err) {
			return nil, errors.Join(err, saveErr)
		}
		return b.send(ctx, items)
	}
	if r.opt.Hooks.StageComplete != nil {
		r.created = append(r.created, created)
	}
	settled, err := r.settle(ctx, items, created.Results)
	if err != nil {
		return nil, err
	}
	record.Status = state.Completed
	record.Responses = created.Responses
	return settled.again, errors.Join(settled.ended, r.opt.Backend.PutBatch(r.lasting, r.id, record))
}

// unanswered reports whether the last call that was to register the item got no
// answer.
func unanswered(it *state.Item) bool {
	e, failed := it.Errors[state.Create]
	return failed && (e.Type == fault.Unreachable || e.Type == fault.Protocol)
}

func (r *run) callCreate(ctx context.Context, items []*state.Item) (created station.BatchResult, err error) {
	batch := station.Batch{AlbumID: r.session.AlbumID}
	for _, it := range items {
		batch.Entries = append(batch.Entries, station.Entry{Item: it.Item, Receipt: *it.Receipt, MaybeSpent: r.maybeSpent(it) || unanswered(it)})
	}
	policy := retry.Policy{Base: 5 * time.Second, Max: 5 * time.Minute, Attempts: 4, Budget: time.Hour, OnWait: r.waiting}
	err = retry.Do(ctx, policy, func(ctx context.Context) (err error) {
		created, err = r.opt.Destination.Create(ctx, batch)
		for i := range batch.Entries {
			batch.Entries[i].MaybeSpent = true // in another attempt
		}
		return err
	})
	return created, err
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
	return record, b.run.opt.Backend.PutBatch(b.run.lasting, b.run.id, record)
}

// readRecords learns, once, which number is free and which items were in calls
// that nobody knows the answer of.
func (b *batcher) readRecords(ctx context.Context) error {
	if b.index > 0 {
		return nil
	}
	b.run.unanswered = map[string]bool{}
	index := state.FirstBatchIndex
	for old, err := range b.run.opt.Backend.Batches(ctx, b.run.id) {
		if err != nil {
			return err
		}
		index = max(index, old.Index+1)
		for _, name := range old.FileNames {
			if old.Status != state.Completed {
				b.run.unanswered[name] = true
			}
		}
	}
	b.index = index
	return nil
}
