package faultmatrix

import (
	"errors"
	"os"
	"path"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/state"
)

// TestMain keeps sessions in memory where it can: that they are durable is for
// other tests to prove.
func TestMain(m *testing.M) {
	const memory = "/dev/shm"
	if dir, err := os.Stat(memory); err == nil && dir.IsDir() {
		os.Setenv("TMPDIR", memory)
	}
	os.Exit(m.Run())
}

// TestMatrix runs every row.
func TestMatrix(t *testing.T) {
	for _, w := range worlds {
		w.measure(t)
	}
	rows := matrix()
	seen := map[string]bool{}
	for _, r := range rows {
		if seen[r.name()] {
			t.Errorf("two rows %s", r.name())
		}
		seen[r.name()] = true
	}
	t.Logf("%d rows", len(rows))
	for n, r := range rows {
		if n%every != 0 {
			continue
		}
		t.Run(r.name(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { r.check(t) })
		})
	}
}

// measure counts the requests of a run without a fault.
func (w *world) measure(t *testing.T) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, &row{world: w})
		defer b.cloud.Close()
		first := b.sync(nil)
		if first.err != nil || first.summary.Outcome != gondola.OutcomeComplete {
			t.Fatalf("a run without a fault: %v, %+v", first.err, first.summary)
		}
		b.wantArrived()
		w.usual = first.requests
		t.Logf("%s: %d requests, %s", w.name, first.requests, first.took)
	})
}

func (r *row) check(t *testing.T) {
	b := newBench(t, r)
	defer b.cloud.Close()
	defer b.wantNoIdle()
	if r.proof != nil {
		r.prove(b)
		return
	}
	if r.before != nil {
		r.before(b)
	}
	b.cloud.Faults.Add(r.faults...)
	total := b.outstanding() + r.grows
	first := b.sync(r.during)
	b.wantFirst(first)
	b.wantHit()
	b.wantFetchedOnce()
	received, served := first.received, first.served
	b.wantSilent(errorsOf(first)...)
	last := first
	for run := 1; run < r.mostRuns(); run++ {
		if r.mend != nil {
			r.mend(b)
		}
		last = b.sync(nil)
		received, served = received+last.received, served+last.served
		b.wantBounded(last.requests)
	}
	if last.err != nil && r.last == "" || last.summary == nil || r.last != anyOutcome && last.summary.Outcome != r.lastOutcome() {
		t.Errorf("after %d runs: %v, %s", r.mostRuns(), last.err, describe(last))
	}
	inFlight := int64(0) // when the first run was stopped
	if o := r.firstOutcome(); o != gondola.OutcomeComplete && o != gondola.OutcomePartial {
		inFlight = 2 * segment
	}
	if most := total + r.again + inFlight + slack; received > most {
		t.Errorf("%d bytes were uploaded for %d: %d again, want at most %d", received, total, received-total, r.again)
	}
	if most := total + max(r.refetch, r.again) + inFlight + slack; served > most {
		t.Errorf("%d bytes were fetched for %d: %d again, want at most %d", served, total, served-total, r.refetch)
	}
	b.wantArrived()
}

// slack is what lies in the buffers of connections when they break.
const slack = 512 * kib

// outstanding is the bytes that are still to be carried.
func (b *bench) outstanding() (n int64) {
	there := map[string]bool{}
	for _, item := range b.cloud.Google.Items() {
		there[item.SHA256] = true
	}
	for _, e := range b.cloud.GoPro.Expected() {
		if !e.Refused && !there[e.SHA256] {
			n += e.Size
		}
	}
	return n
}

func errorsOf(r result) []error {
	all := []error{r.err}
	for _, f := range r.failures {
		all = append(all, errors.New(f.fault.Message+" "+f.fault.Hint))
	}
	return all
}

// wantFirst checks how the first run ended and what it says.
func (b *bench) wantFirst(first result) {
	b.t.Helper()
	r := b.row
	if first.summary == nil || r.first != anyOutcome && first.summary.Outcome != r.firstOutcome() {
		b.t.Errorf("first run: want %s: %v\n%s", r.firstOutcome(), first.err, describe(first))
	}
	codes := []string{fault.CodeOf(first.err)}
	for _, f := range first.failures {
		codes = append(codes, f.fault.Code)
	}
	if r.code != "" && !slices.Contains(codes, r.code) {
		b.t.Errorf("first run: codes %v, want %s: %v\n%s", codes, r.code, first.err, describe(first))
	}
	if first.summary == nil {
		return
	}
	if n := first.summary.Items.Outcomes[state.OutcomeFailed]; r.failed >= 0 && n != r.failed {
		b.t.Errorf("first run: %d items failed, want %d\n%s", n, r.failed, describe(first))
	}
	if n := first.summary.Items.Outcomes[state.OutcomePending]; n > 0 && first.summary.Outcome == gondola.OutcomePartial {
		b.t.Errorf("first run: what failed kept %d others from arriving\n%s", n, describe(first))
	}
	if first.took < r.least {
		b.t.Errorf("the first run took %s, want at least %s", first.took, r.least)
	}
	if first.took > r.within() {
		b.t.Errorf("the first run took %s, want at most %s", first.took, r.within())
	}
	b.wantBounded(first.requests)
}

func (b *bench) wantBounded(requests int) {
	b.t.Helper()
	if most := b.row.mostRequests(); requests > most {
		b.t.Errorf("%d requests, want at most %d; without a fault there are %d", requests, most, b.row.world.usual)
	}
}

// wantFetchedOnce fails if a fault that hits one file made others be fetched
// again.
func (b *bench) wantFetchedOnce() {
	b.t.Helper()
	if b.row.only == "" {
		return
	}
	fetched := map[string]int{}
	for _, e := range b.cloud.Log.Entries("cdn.get") {
		fetched[e.Path]++
	}
	for name, n := range fetched {
		if hit, _ := path.Match(b.row.only, name); n > 1 && !hit {
			b.t.Errorf("%s was fetched %d times", name, n)
		}
	}
}

// wantHit fails unless every fault of the row has hit.
func (b *bench) wantHit() {
	b.t.Helper()
	endless := 0
	for _, f := range b.row.faults {
		if f.Times < 0 {
			endless++
		}
		if b.hits(f.Kind) == 0 {
			b.t.Errorf("%s never hit %s", f.Kind, f.Route)
		}
	}
	if waiting := b.cloud.Faults.Waiting(); waiting > endless {
		b.t.Errorf("%d faults never hit", waiting-endless)
	}
	b.cloud.Faults.Clear()
}

func describe(r result) string {
	text := ""
	if r.summary != nil {
		text += string(r.summary.Outcome) + " "
		for outcome, n := range r.summary.Items.Outcomes {
			text += string(outcome) + ":" + strconv.Itoa(n) + " "
		}
	}
	text += r.took.String() + " " + strconv.Itoa(r.requests) + " requests"
	for _, f := range r.failures {
		text += "\n  " + f.name + ": " + f.fault.Message
	}
	return text
}

// on lets a fault hit a route.
func on(route string, faults ...emulator.Fault) []emulator.Fault {
	all := slices.Clone(faults)
	for i := range all {
		all[i].Route = route
	}
	return all
}
