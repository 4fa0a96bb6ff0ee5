package stationtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
)

// testNames asks what does not change.
func testNames(t *testing.T, h Destination) {
	d, again := h.Open(t), h.Open(t)
	account := accountOf(t, d)
	if d.Name() == "" || d.Name()[len(d.Name())-1] != ':' || d.Name() != again.Name() {
		t.Errorf("Name = %q, and %q from another process", d.Name(), again.Name())
	}
	if account == "" || account != accountOf(t, d) || account != accountOf(t, again) {
		t.Errorf("Account = %q, then %q, and %q from another process", account, accountOf(t, d), accountOf(t, again))
	}
	if limits := d.Limits(); limits.Batch < 1 || limits != d.Limits() || limits != again.Limits() {
		t.Errorf("Limits = %+v, then %+v", limits, d.Limits())
	}
}

func accountOf(t *testing.T, d station.Destination) string {
	t.Helper()
	account, err := d.Account(t.Context())
	if err != nil {
		t.Fatalf("Account: %v", err)
	}
	return account
}

func testAccountsApart(t *testing.T, h Destination) {
	if a, b := accountOf(t, h.Open(t)), accountOf(t, h.Other(t)); a == b {
		t.Errorf("two accounts are both %q", a)
	}
}

// testRefuse asks for items that are taken and for items that are not.
func testRefuse(t *testing.T, h Destination) {
	d := h.Open(t)
	item := h.File(1, h.Least).Item
	for _, size := range []int64{media.SizeUnknown, h.Least, h.Large} {
		item.Size = size
		if r := d.Refuse(item); r != nil {
			t.Errorf("%s with size %d is refused: %+v", item.Name, size, r)
		}
	}
	item.Size = 0
	if r := d.Refuse(item); r == nil || r.Code != media.RefusedEmpty {
		t.Errorf("an empty file is refused with %+v, want %s", r, media.RefusedEmpty)
	}
	own := &media.Refusal{Code: media.RefusedProject, Reason: "it is a project"}
	item.Size, item.Refusal = h.Least, own
	if r := d.Refuse(item); r == nil || *r != *own {
		t.Errorf("an item that its source refuses is refused with %+v", r)
	}
	for _, refused := range h.Refused {
		if r := d.Refuse(refused.Item); r == nil || r.Code != refused.Code || r.Reason == "" {
			t.Errorf("%s is refused with %+v, want code %s and a reason", refused.Item.Name, r, refused.Code)
		}
	}
}

// testRefusedOnOpening uploads what turns out to be refused when it is opened.
func testRefusedOnOpening(t *testing.T, h Destination) {
	empty := h.File(1, 0)
	empty.Item.Size, empty.Data = media.SizeUnknown, nil
	_, err := h.Open(t).Upload(t.Context(), station.Upload{Item: empty.Item, Open: newFileSource(empty).open, Save: discard})
	refused, ok := errors.AsType[*station.RefusedError](err)
	if !ok || refused.Code != media.RefusedEmpty || fault.ClassOf(err) != fault.Item {
		t.Errorf("an empty file whose size was not known: %v, want a RefusedError with %s", err, media.RefusedEmpty)
	}
	h.wantHeld(t)
}

// testUpload uploads files of many sizes, registers those that can be, and looks
// at what has arrived.
func testUpload(t *testing.T, h Destination) {
	d := h.Open(t)
	var want []File
	for n, size := range h.sizes() {
		f := h.File(n, size)
		if int64(len(f.Data)) != size {
			t.Fatalf("File(%d, %d) has %d bytes", n, size, len(f.Data))
		}
		c := carry(t, d, f)
		if size < h.Least {
			continue
		}
		mustCreate(t, d, c)
		want = append(want, f)
	}
	h.wantHeld(t, want...)
}

// testConcurrentUploads uploads several files at once.
func testConcurrentUploads(t *testing.T, h Destination) {
	d := h.Open(t)
	files := make([]carried, 8)
	var uploads sync.WaitGroup
	for n := range files {
		uploads.Go(func() {
			f := h.File(n, h.Least+int64(n)*(h.Large-h.Least)/int64(len(files)))
			r, err := d.Upload(t.Context(), station.Upload{Item: f.Item, Open: newFileSource(f).open, Save: discard})
			if err != nil {
				t.Errorf("upload %d: %v", n, err)
			}
			files[n] = carried{f, r}
		})
	}
	uploads.Wait()
	var want []File
	for _, c := range files {
		checkReceipt(t, c.receipt, c.File)
		mustCreate(t, d, c)
		want = append(want, c.File)
	}
	h.wantHeld(t, want...)
}

// testSavedFirst wants a checkpoint to be stored before the first byte is sent.
func testSavedFirst(t *testing.T, h Destination) {
	f := h.File(1, h.Large)
	var saved []station.Checkpoint
	var sent, early int64
	u := station.Upload{Item: f.Item, Open: newFileSource(f).open,
		Save: func(_ context.Context, c station.Checkpoint) error { saved = append(saved, c); return nil },
		Sent: func(n int64) {
			if sent += n; len(saved) == 0 {
				early += n
			}
		},
	}
	r, err := h.Open(t).Upload(t.Context(), u)
	if err != nil {
		t.Fatal(err)
	}
	checkReceipt(t, r, f)
	if early > 0 || len(saved) == 0 {
		t.Fatalf("%d bytes were sent before the first of %d checkpoints", early, len(saved))
	}
	if sent < int64(len(f.Data)) {
		t.Errorf("%d of %d bytes were reported as sent", sent, len(f.Data))
	}
	before := int64(0)
	for i, c := range saved {
		if c.Size != int64(len(f.Data)) || c.Confirmed < before || c.Confirmed > c.Size || c.Version != versionOf(f) || c.StartedAt.IsZero() {
			t.Errorf("checkpoint %d of %d bytes: %+v", i, len(f.Data), c)
		}
		before = c.Confirmed
	}
}

// testSaveFails wants an upload to end when a checkpoint cannot be stored.
func testSaveFails(t *testing.T, h Destination) {
	f := h.File(1, h.Large)
	full := &fault.Error{Class: fault.Session, Code: fault.State, Op: "save", Err: errors.New("the disk is full")}
	var sent int64
	_, err := h.Open(t).Upload(t.Context(), station.Upload{Item: f.Item, Open: newFileSource(f).open,
		Save: func(context.Context, station.Checkpoint) error { return full },
		Sent: func(n int64) { sent += n },
	})
	if !errors.Is(err, full) || sent > 0 {
		t.Errorf("a checkpoint that cannot be stored: %v after %d bytes, want its error and no byte", err, sent)
	}
}

// testSourceDrops drops the connection to the source several times.
func testSourceDrops(t *testing.T, h Destination) {
	d, f := h.Open(t), h.File(1, h.Large)
	o := newFileSource(f)
	for _, after := range []int64{0, 1, h.Large / 4, h.Large / 3} {
		o.cuts = append(o.cuts, cut{after: after, err: errDropped()})
	}
	r, err := d.Upload(t.Context(), station.Upload{Item: f.Item, Open: o.open, Save: discard})
	if err != nil {
		t.Fatal(err)
	}
	checkReceipt(t, r, f)
	mustCreate(t, d, carried{f, r})
	h.wantHeld(t, f)
}

// testSourceEndsEarly lets a body end as if it were complete, which it is not.
func testSourceEndsEarly(t *testing.T, h Destination) {
	d, f := h.Open(t), h.File(1, h.Large)
	o := newFileSource(f)
	o.cuts = []cut{{after: h.Large / 2, err: io.EOF}}
	r, err := d.Upload(t.Context(), station.Upload{Item: f.Item, Open: o.open, Save: discard})
	if err != nil {
		if fault.ClassOf(err) == fault.Session {
			t.Errorf("a body that ends early ends the run: %v", err)
		}
		return
	}
	checkReceipt(t, r, f)
	mustCreate(t, d, carried{f, r})
	h.wantHeld(t, f)
}

// testSourceFails lets the source fail for good: its fault is that of the upload.
func testSourceFails(t *testing.T, h Destination) {
	f := h.File(1, h.Large)
	for _, f1 := range []*fault.Error{
		{Class: fault.Item, Code: fault.Gone, Op: "open"},
		{Class: fault.Session, Code: fault.Auth, Op: "open"},
	} {
		for _, after := range []int64{0, h.Large / 2} {
			o := newFileSource(f)
			if after == 0 {
				o.fail = f1
			} else {
				o.cuts = []cut{{after: after, err: errDropped(), then: func() { o.mu.Lock(); o.fail = f1; o.mu.Unlock() }}}
			}
			_, err := h.Open(t).Upload(t.Context(), station.Upload{Item: f.Item, Open: o.open, Save: discard})
			if fault.CodeOf(err) != f1.Code || fault.ClassOf(err) != f1.Class {
				t.Errorf("the source fails with %s after %d bytes: %v (%s)", f1.Code, after, err, fault.ClassOf(err))
			}
		}
	}
	h.wantHeld(t)
}

// testUploadDrops drops the connection to the destination.
func testUploadDrops(t *testing.T, h Destination) {
	d := h.Open(t)
	var want []File
	for n, after := range []int64{1, h.Large / 3, h.Large - 1} {
		f := h.File(n, h.Large)
		h.Drop(t, after)
		want = append(want, f)
		mustCreate(t, d, carry(t, d, f))
	}
	h.wantHeld(t, want...)
}

// testCancelUpload cancels an upload at its first checkpoint and amid its bytes.
func testCancelUpload(t *testing.T, h Destination) {
	d, f := h.Open(t), h.File(1, h.Large)
	ended, _ := cancelled(t)
	_, err := d.Upload(ended, station.Upload{Item: f.Item, Open: newFileSource(f).open, Save: discard})
	wantStopped(t, "Upload", err)
	for _, at := range []int64{0, 1, h.Large / 2} {
		ctx, cancel := context.WithCancelCause(t.Context())
		o := newFileSource(f)
		o.cuts = []cut{{after: at, err: errDropped(), then: func() { cancel(errStopped) }}}
		_, err := d.Upload(ctx, station.Upload{Item: f.Item, Open: o.open, Save: discard})
		wantStopped(t, fmt.Sprintf("Upload, after %d bytes", at), err)
		cancel(nil)
	}
	mustCreate(t, d, carry(t, d, f))
	h.wantHeld(t, f)
}
