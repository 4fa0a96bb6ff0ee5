package faultmatrix

import (
	"slices"
	"testing/synctest"
	"time"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/state"
)

// proof makes a row one of a verification: all has arrived, some of it is lost
// in the library, and then the faults hit. Whatever they are, nothing but what
// is lost is sent back, nothing is proven that is not there, what is lost is
// missed by name as soon as a verification comes to its end, and the next sync
// carries that and nothing else. The row's code is that of the error which ends
// the verification; without one it ends with a verdict on each item.
type proof struct {
	lost  []int // by the order of arrival, from 0
	batch int   // most items of one call; 0: 50
}

// processing is more than a library takes for a video.
const processing = 5 * time.Minute

// verification is one that has ended.
type verification struct {
	*gondola.Verification
	items    []gondola.VerifiedItem
	err      error
	took     time.Duration
	requests int
}

func (r *row) prove(b *bench) {
	if s := b.sync(nil).summary; s == nil || s.Outcome != gondola.OutcomeComplete {
		b.t.Fatalf("preparing: %v %s", b.last.err, describe(b.last))
	}
	time.Sleep(processing)
	if r.before != nil {
		r.before(b)
	}
	lost := b.lose(r.proof.lost)
	b.cloud.Faults.Add(r.faults...)

	found := b.verify()
	b.wantHit()
	b.wantSilent(found.err)
	if found.err == nil && r.code != "" || fault.CodeOf(found.err) != r.code {
		b.t.Errorf("the verification ended with %q (%v), want %q", fault.CodeOf(found.err), found.err, r.code)
	}
	if found.took > r.within() {
		b.t.Errorf("the verification took %s, want at most %s", found.took, r.within())
	}
	b.wantSound(found, lost)
	if found.err != nil {
		if r.mend != nil {
			r.mend(b)
		}
		found = b.verify()
		b.wantSound(found, lost)
	}
	b.wantVerdicts(found, lost)
	b.wantHealed(lost)
}

// verify is one run of the program that verifies.
func (b *bench) verify() (v verification) {
	b.t.Helper()
	backend := b.backend()
	defer backend.Close()
	before, began := b.count(), time.Now()
	v.Verification, v.err = gondola.Verify(b.t.Context(), gondola.VerifyOptions{
		SessionID: "s", Destination: b.destination(), Backend: backend,
		Each: func(it gondola.VerifiedItem) error { v.items = append(v.items, it); return nil },
	})
	v.took = time.Since(began)
	synctest.Wait()
	v.requests = b.count().requests - before.requests
	b.wantBounded(v.requests)
	time.Sleep(time.Second)
	return v
}

// lose drops items from the library, and returns them by their names.
func (b *bench) lose(which []int) map[string]emulator.Item {
	lost := map[string]emulator.Item{}
	items := b.cloud.Google.Items()
	for _, n := range which {
		lost[items[n].Filename] = items[n]
		b.cloud.Google.Drop(items[n].ID)
	}
	return lost
}

// wantSound fails if a verification sent back what is there, or says of an item
// what is not so.
func (b *bench) wantSound(v verification, lost map[string]emulator.Item) {
	b.t.Helper()
	there := map[string]emulator.Item{}
	for _, item := range b.cloud.Google.Items() {
		there[item.ID] = item
	}
	for _, it := range v.items {
		_, gone := lost[it.Item.Name]
		real := there[it.Item.DestinationID]
		switch {
		case gone && it.Verdict != gondola.VerdictMissing && it.Verdict != gondola.VerdictPending:
			b.t.Errorf("%s is lost and found %s", it.Item.Name, it.Verdict)
		case !gone && (it.Verdict != gondola.VerdictVerified || it.At.IsZero() || it.Held == nil):
			b.t.Errorf("%s is there and found %s (%s)", it.Item.Name, it.Verdict, it.Reason)
		case !gone && (real.SHA256 != it.Item.SHA256 || it.Held.Name != real.Filename):
			b.t.Errorf("%s was verified by %s, which is not it", it.Item.Name, it.Held.Name)
		}
	}
	backend := b.backend()
	defer backend.Close()
	s, err := backend.Session(b.t.Context(), "s")
	if err != nil {
		b.t.Fatal(err)
	}
	if proven := v.Verification != nil && v.Proven(); proven && (v.err != nil || len(lost) > 0) || !proven && !s.VerifiedAt.IsZero() {
		b.t.Errorf("proven: %v, at %s, with %d items lost: %v", proven, s.VerifiedAt, len(lost), v.err)
	}
	for it, err := range backend.Items(b.t.Context(), "s", state.Query{}) {
		if err != nil {
			b.t.Fatal(err)
		}
		if _, gone := lost[it.Name]; gone {
			continue
		}
		if it.Awaits() != "" {
			b.t.Errorf("%s is there and awaits its %s", it.Name, it.Awaits())
		}
		if entry, err := backend.Recall(b.t.Context(), s.Account, it.ID.Key()); err != nil || entry.DestinationID != it.DestinationID {
			b.t.Errorf("the ledger says of %s: %+v, %v", it.Name, entry, err)
		}
	}
}

// wantVerdicts fails unless each item has its verdict, and what is lost is missed
// by its name and awaits its transfer.
func (b *bench) wantVerdicts(v verification, lost map[string]emulator.Item) {
	b.t.Helper()
	if v.err != nil {
		b.t.Errorf("the verification does not come to its end: %v", v.err)
		return
	}
	var missed, want []string
	for _, it := range v.items {
		if it.Verdict == gondola.VerdictMissing || it.Verdict == gondola.VerdictPending {
			missed = append(missed, it.Item.Name)
		}
	}
	for _, item := range lost {
		want = append(want, item.Filename)
	}
	slices.Sort(missed)
	slices.Sort(want)
	if !slices.Equal(missed, want) || len(v.items) != len(b.original) || v.Proven() != (len(lost) == 0) {
		b.t.Errorf("missed %q of %d items, want %q; proven: %v", missed, len(v.items), want, v.Proven())
	}
	for _, it := range b.items() {
		if _, gone := lost[it.Name]; gone && (it.Awaits() != state.Transfer || it.MissedAt.IsZero()) {
			b.t.Errorf("%s is lost and awaits %q", it.Name, it.Awaits())
		}
	}
}

// wantHealed fails unless a sync carries what is lost and no other byte, after
// which everything is proven.
func (b *bench) wantHealed(lost map[string]emulator.Item) {
	b.t.Helper()
	var bytes int64
	for _, item := range lost {
		bytes += item.Size
	}
	healed := b.sync(nil)
	if healed.err != nil || healed.summary.Outcome != gondola.OutcomeComplete || healed.received != bytes {
		b.t.Errorf("the next sync carried %d bytes, want %d: %v %s", healed.received, bytes, healed.err, describe(healed))
	}
	b.wantArrived()
	time.Sleep(processing)
	if last := b.verify(); last.err != nil || !last.Proven() {
		b.t.Errorf("in the end: %v, %v", last.Items, last.err)
	}
}
