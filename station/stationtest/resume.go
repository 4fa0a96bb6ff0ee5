package stationtest

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/station"
)

// stored returns a checkpoint as a store gives it back.
func stored(t *testing.T, c station.Checkpoint) *station.Checkpoint {
	t.Helper()
	data, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var back station.Checkpoint
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	return &back
}

// interrupt uploads a file until the nth checkpoint, counted from 0, is stored,
// and returns it, or nil if the upload ended before.
func interrupt(t *testing.T, d station.Destination, f File, n int) *station.Checkpoint {
	t.Helper()
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	var last *station.Checkpoint
	saves := 0
	_, err := d.Upload(ctx, station.Upload{Item: f.Item, Open: newFileSource(f).open,
		Save: func(_ context.Context, c station.Checkpoint) error {
			if saves > n {
				return nil // on its way already when the upload was cancelled
			}
			if last = stored(t, c); saves == n {
				cancel(errStopped)
			}
			saves++
			return nil
		}})
	if err == nil {
		return nil
	}
	wantStopped(t, "Upload", err)
	if last == nil {
		t.Fatalf("an upload of %d bytes stored no checkpoint", len(f.Data))
	}
	return last
}

// resume continues an upload, and returns how many bytes it sent.
func resume(t *testing.T, d station.Destination, f File, o *fileSource, from *station.Checkpoint) (c carried, sent int64) {
	t.Helper()
	r, err := d.Upload(t.Context(), station.Upload{Item: f.Item, Open: o.open, From: from, Save: discard, Sent: func(n int64) { sent += n }})
	if err != nil {
		t.Fatalf("resume %s at byte %d of %d: %v", f.Item.Name, from.Confirmed, from.Size, err)
	}
	checkReceipt(t, r, f)
	return carried{f, r}, sent
}

// checkpoints returns how many checkpoints an upload stores.
func (h Destination) checkpoints(t *testing.T) (saved []station.Checkpoint) {
	t.Helper()
	f := h.File(0, h.Large)
	_, err := h.Open(t).Upload(t.Context(), station.Upload{Item: f.Item, Open: newFileSource(f).open,
		Save: func(_ context.Context, c station.Checkpoint) error {
			saved = append(saved, *stored(t, c))
			return nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	if len(saved) < 3 {
		t.Fatalf("an upload of %d bytes stores %d checkpoints: too few to prove anything", h.Large, len(saved))
	}
	return saved
}

// testResume interrupts an upload at each of its checkpoints, and another process
// continues there: no byte that was confirmed goes over the line again.
func testResume(t *testing.T, h Destination) {
	var want []File
	for n := range h.checkpoints(t) {
		f := h.File(n+1, h.Large)
		from := interrupt(t, h.Open(t), f, n)
		if from == nil {
			continue
		}
		d := h.Open(t)
		c, sent := resume(t, d, f, newFileSource(f), from)
		if sent > from.Size-from.Confirmed {
			t.Errorf("from checkpoint %d on, at byte %d of %d, %d bytes were sent", n, from.Confirmed, from.Size, sent)
		}
		mustCreate(t, d, c)
		want = append(want, f)
	}
	if len(want) < 2 {
		t.Errorf("only %d uploads could be interrupted", len(want))
	}
	h.wantHeld(t, want...)
}

// testResumeFinished continues from each checkpoint of an upload that came to its
// end, as after a crash before that was stored.
func testResumeFinished(t *testing.T, h Destination) {
	f := h.File(0, h.Large)
	saved := h.checkpoints(t)
	d := h.Open(t)
	var last carried
	for i := range saved {
		last, _ = resume(t, h.Open(t), f, newFileSource(f), &saved[i])
	}
	mustCreate(t, d, last)
	h.wantHeld(t, f)
}

// testResumeForgotten continues an upload that the destination has forgotten.
func testResumeForgotten(t *testing.T, h Destination) {
	f := h.File(1, h.Large)
	from := interrupt(t, h.Open(t), f, 1)
	h.Forget(t)
	d := h.Open(t)
	c, _ := resume(t, d, f, newFileSource(f), from)
	mustCreate(t, d, c)
	h.wantHeld(t, f)
}

// testResumeElsewhere continues an upload of one account in another one: from its
// beginning.
func testResumeElsewhere(t *testing.T, h Destination) {
	f := h.File(1, h.Large)
	from := interrupt(t, h.Open(t), f, 1)
	d := h.Other(t)
	c, sent := resume(t, d, f, newFileSource(f), from)
	if sent < int64(len(f.Data)) {
		t.Errorf("another account received %d of %d bytes", sent, len(f.Data))
	}
	mustCreate(t, d, c)
}

// testResumeNonsense continues from checkpoints that no upload has stored.
func testResumeNonsense(t *testing.T, h Destination) {
	f := h.File(1, h.Large)
	good := interrupt(t, h.Open(t), f, 1)
	d := h.Open(t)
	var last carried
	for _, spoil := range []func(c *station.Checkpoint){
		func(c *station.Checkpoint) { *c = station.Checkpoint{} },
		func(c *station.Checkpoint) { c.Resume = nil },
		func(c *station.Checkpoint) { c.Resume = json.RawMessage(`{"not": ["mine"]}`) },
		func(c *station.Checkpoint) { c.Confirmed = -5 },
		func(c *station.Checkpoint) { c.Confirmed = c.Size + 1 },
		func(c *station.Checkpoint) { c.Size++ },
		func(c *station.Checkpoint) { c.HashAt, c.HashState = c.Confirmed+1, []byte("no state") },
		func(c *station.Checkpoint) { c.HashAt, c.HashState = 0, nil },
	} {
		bad := *good
		spoil(&bad)
		last, _ = resume(t, d, f, newFileSource(f), stored(t, bad))
	}
	mustCreate(t, d, last)
	h.wantHeld(t, f)
}

// testResumeChanged continues an upload of a file that was changed meanwhile: the
// old bytes are never joined with the new ones.
func testResumeChanged(t *testing.T, h Destination) {
	var want []File
	for i, size := range []int64{h.Large, h.Large + 5, h.Large - 5} {
		for n := range 3 {
			old, now := h.versions(10*i+n, size)
			want = h.whole(t, want, now, newFileSource(now), interrupt(t, h.Open(t), old, n))
		}
	}
	h.wantHeld(t, want...)
}

// versions returns the nth file, and as what it is changed.
func (h Destination) versions(n int, size int64) (old, now File) {
	old, now = h.File(2*n, h.Large), h.File(2*n+1, size)
	now.Item = old.Item
	return old, now
}

// testResumeUnversioned continues an upload of a file without a version, which was
// changed meanwhile without a sign.
func testResumeUnversioned(t *testing.T, h Destination) {
	old, now := h.versions(1, h.Large)
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	o := newFileSource(old)
	o.version = ""
	var from *station.Checkpoint
	_, err := h.Open(t).Upload(ctx, station.Upload{Item: old.Item, Open: o.open, Save: func(_ context.Context, c station.Checkpoint) error {
		if from = stored(t, c); c.Confirmed > 0 {
			cancel(errStopped)
		}
		return nil
	}})
	if err != nil {
		wantStopped(t, "Upload", err)
	}
	o.become(now)
	h.wantHeld(t, h.whole(t, nil, now, o, from)...)
}

// testChangedMidway changes a file while it is uploaded, when a connection drops.
func testChangedMidway(t *testing.T, h Destination) {
	var want []File
	for i, size := range []int64{h.Large, h.Large + 5} {
		for n, version := range []bool{true, false} {
			old, now := h.versions(10*i+n, size)
			o := newFileSource(old)
			if !version {
				o.version = ""
			}
			o.cuts = []cut{{after: h.Large / 2, err: errDropped(), then: func() { o.become(now) }}}
			want = h.whole(t, want, now, o, nil)
		}
	}
	h.wantHeld(t, want...)
}

// whole uploads a file that was changed, and wants either all of its bytes to
// arrive or the upload to fail for that reason. It returns the files that the
// destination must hold then.
func (h Destination) whole(t *testing.T, held []File, f File, o *fileSource, from *station.Checkpoint) []File {
	t.Helper()
	d := h.Open(t)
	r, err := d.Upload(t.Context(), station.Upload{Item: f.Item, Open: o.open, From: from, Save: discard})
	if err != nil {
		if fault.CodeOf(err) != fault.Changed {
			t.Errorf("a file that was changed: %v, want its new bytes or a fault with %s", err, fault.Changed)
		}
		return held
	}
	checkReceipt(t, r, f)
	for _, made := range create(t, d, "", carried{f, r}) {
		if made.Err != nil {
			t.Errorf("a file that was changed and uploaded anew is not created: %v", made.Err)
			return held
		}
	}
	return append(held, f)
}
