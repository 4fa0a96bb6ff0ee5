package sessioncopy

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/state"
)

var (
	// ErrSameStore is returned if original and copy would be one.
	ErrSameStore = errors.New("original and copy are in the same store")
	// ErrDiffers is returned if there is another session of that id where the
	// copy was to go.
	ErrDiffers = errors.New("a session of that id is there already, and it is not the same")
	// ErrChanged is returned if the original changed while it was copied.
	ErrChanged = errors.New("the original changed while it was copied")
)

// Options adjust a copy. The zero Options are ready for use.
type Options struct {
	// Remove removes the original once the copy is proved.
	Remove bool
	// Unlocked, if not nil, is called with why the original could not be locked, as in
	// a store that can only be read. The copy goes on, unless Remove is set.
	Unlocked func(error)
	// Progress, if not nil, is called as items pass: first those that are
	// copied, then, reading true, those that are read back.
	Progress func(reading bool, items int)
}

// Result is a copy that is proved.
type Result struct {
	Session *state.Session // as it stands in the original
	Counts  state.Counts   // of the copy
	Batches int
	Digest  string // over all documents of either, such as "sha256:9f86…"
	Present bool   // the copy was there already, the same
	Removed bool   // the original was removed
}

// Copy copies a session with its items and batches, and what the ledger knows of
// them, from one store into another, and proves the copy. The session's journal
// is not copied: it is the history of the original. Both sessions are locked
// meanwhile; a [state.LockedError] says who else holds one. A copy that
// is there already, and the same, is left as it is; another session of that id
// is ErrDiffers. A session that does not exist is [state.ErrNotFound]. Unless the
// copy is proved, the original stays.
func Copy(ctx context.Context, from, to state.Backend, id string, o Options) (*Result, error) {
	return newCopier(from, to, id, o).run(ctx)
}

// copier copies one session.
type copier struct {
	from, to state.Backend
	id       string
	opt      Options
	piece    int            // how many items are stored at once
	session  *state.Session // the original's header
}

func newCopier(from, to state.Backend, id string, o Options) *copier {
	return &copier{from: from, to: to, id: id, opt: o, piece: 500}
}

func (c *copier) run(ctx context.Context) (*Result, error) {
	if _, err := c.from.Session(ctx, c.id); err != nil {
		return nil, err
	}
	release, err := c.lock(ctx)
	if err != nil {
		return nil, err
	}
	r, err := c.copy(ctx)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err := errors.Join(err, release()); err != nil {
		return nil, err
	}
	return r, nil
}

// lock takes both sessions.
func (c *copier) lock(ctx context.Context) (release func() error, err error) {
	original, err := c.from.Lock(ctx, c.id)
	_, held := errors.AsType[*state.LockedError](err)
	switch {
	case err == nil:
	case held || ctx.Err() != nil || c.opt.Remove:
		return nil, err
	case c.opt.Unlocked != nil:
		c.opt.Unlocked(err)
	}
	unlock := func() error {
		if original == nil {
			return nil
		}
		return original.Unlock()
	}
	lock, err := c.to.Lock(ctx, c.id)
	if err == nil {
		return func() error { return errors.Join(lock.Unlock(), unlock()) }, nil
	}
	if l, ok := errors.AsType[*state.LockedError](err); ok && original != nil && l.PID == os.Getpid() {
		if host, _ := os.Hostname(); host == l.Host {
			err = ErrSameStore
		}
	}
	return nil, errors.Join(err, unlock())
}

func (c *copier) copy(ctx context.Context) (*Result, error) {
	var err error
	if c.session, err = c.from.Session(ctx, c.id); err != nil {
		return nil, err
	}
	if err := usable(c.session); err != nil {
		return nil, err
	}
	r, err := c.compareOrCopy(ctx)
	if err != nil {
		return nil, err
	}
	if r.Counts, err = c.to.Counts(ctx, c.id); err != nil {
		return nil, err
	}
	if c.opt.Remove {
		if err := c.from.DeleteSession(ctx, c.id); err != nil {
			return nil, fmt.Errorf("the copy is whole and proved, but the original is still there: %w", err)
		}
		r.Removed = true
	}
	return r, nil
}

// usable refuses what cannot be copied without loss.
func usable(s *state.Session) error {
	switch {
	case s.Copying:
		return &fault.Error{
			Class: fault.Session, Code: fault.State, Op: fmt.Sprintf("session %s is not whole itself: its copying has not come to an end", s.ID),
			Hint: "copy it from where it comes from",
		}
	case s.SchemaVersion > state.SchemaVersion:
		return &fault.Error{
			Class: fault.Session, Code: fault.State,
			Op:   fmt.Sprintf("session %s has schema version %d, this gondola knows up to %d", s.ID, s.SchemaVersion, state.SchemaVersion),
			Hint: "copy it with the newer gondola",
		}
	}
	return nil
}

// compareOrCopy makes the copy, or finds it there.
func (c *copier) compareOrCopy(ctx context.Context) (*Result, error) {
	there, err := c.to.Session(ctx, c.id)
	switch {
	case errors.Is(err, state.ErrNotFound):
		return c.replace(ctx)
	case err != nil:
		return nil, err
	case there.Copying: // its copier is gone, or would hold the lock
		if err := c.to.DeleteSession(ctx, c.id); err != nil {
			return nil, err
		}
		return c.replace(ctx)
	}
	want, err := c.sumUp(ctx, c.from, c.session, false)
	if err != nil {
		return nil, err
	}
	got, err := c.sumUp(ctx, c.to, there, true)
	if err != nil {
		return nil, err
	}
	if want.String() != got.String() {
		return nil, ErrDiffers
	}
	return &Result{Session: c.session, Batches: want.batches, Digest: want.String(), Present: true}, c.unchanged(ctx)
}

// cleaning is how long a failed copy takes to remove what it left.
const cleaning = 5 * time.Second

// replace makes the copy where there is none, and removes what comes of an
// attempt that fails. What it cannot remove stays marked as not whole.
func (c *copier) replace(ctx context.Context) (*Result, error) {
	r, err := c.make(ctx)
	if err != nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleaning)
		defer cancel()
		_ = c.to.DeleteSession(ctx, c.id) // the failure is returned; what stays can be copied over
		return nil, err
	}
	return r, nil
}

// make copies, reads back, and takes the mark off at last.
func (c *copier) make(ctx context.Context) (*Result, error) {
	unfinished := *c.session
	unfinished.Copying = true
	if err := c.to.PutSession(ctx, &unfinished); err != nil {
		return nil, err
	}
	original := newDigest()
	if err := c.copyItems(ctx, original); err != nil {
		return nil, err
	}
	for b, err := range c.from.Batches(ctx, c.id) {
		if err == nil {
			err = original.batch(b)
		}
		if err == nil {
			err = c.to.PutBatch(ctx, c.id, b)
		}
		if err != nil {
			return nil, err
		}
	}
	if err := original.header(c.session); err != nil {
		return nil, err
	}
	if err := c.prove(ctx, original); err != nil {
		return nil, err
	}
	finished := *c.session
	if err := c.to.PutSession(ctx, &finished); err != nil {
		return nil, err
	}
	return &Result{Session: c.session, Batches: original.batches, Digest: original.String()}, nil
}

// prove compares what can be read back with the original.
func (c *copier) prove(ctx context.Context, original *digest) error {
	header, err := c.to.Session(ctx, c.id)
	if err != nil {
		return err
	}
	got, err := c.sumUp(ctx, c.to, header, true)
	if err != nil {
		return err
	}
	if got.String() != original.String() {
		return fmt.Errorf("the copy is not the same: %d items and %d batches with digest %v, of %d and %d with %v",
			got.items, got.batches, got, original.items, original.batches, original)
	}
	return c.unchanged(ctx)
}

// unchanged fails if a program that heeds no lock has saved the original
// meanwhile.
func (c *copier) unchanged(ctx context.Context) error {
	now, err := c.from.Session(ctx, c.id)
	if err == nil && !now.UpdatedAt.Equal(c.session.UpdatedAt) {
		err = ErrChanged
	}
	return err
}

func (c *copier) copyItems(ctx context.Context, original *digest) error {
	items := make([]*state.Item, 0, c.piece)
	store := func() error {
		if len(items) == 0 {
			return nil
		}
		if err := c.to.PutItems(ctx, c.id, items...); err != nil {
			return err
		}
		if err := c.enterLedger(ctx, items); err != nil {
			return err
		}
		c.progress(false, original.items)
		clear(items)
		items = items[:0]
		return nil
	}
	for it, err := range c.from.Items(ctx, c.id, state.Query{}) {
		if err == nil {
			err = original.item(it)
		}
		if err != nil {
			return err
		}
		fresh := *it
		fresh.Seq = 0
		if items = append(items, &fresh); len(items) == c.piece {
			if err := store(); err != nil {
				return err
			}
		}
	}
	return store()
}

// sumUp reads a whole session.
func (c *copier) sumUp(ctx context.Context, b state.Backend, header *state.Session, reading bool) (*digest, error) {
	d := newDigest()
	for it, err := range b.Items(ctx, c.id, state.Query{}) {
		if err == nil {
			err = d.item(it)
		}
		if err != nil {
			return nil, err
		}
		if d.items%c.piece == 0 {
			c.progress(reading, d.items)
		}
	}
	for batch, err := range b.Batches(ctx, c.id) {
		if err == nil {
			err = d.batch(batch)
		}
		if err != nil {
			return nil, err
		}
	}
	return d, d.header(header)
}

func (c *copier) progress(reading bool, items int) {
	if c.opt.Progress != nil {
		c.opt.Progress(reading, items)
	}
}
