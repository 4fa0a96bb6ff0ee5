package monitor_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/engine/decide"
	"github.com/gondola-sync/gondola/internal/engine/lifecycle"
	"github.com/gondola-sync/gondola/internal/engine/monitor"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/progress"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var quiet = slog.New(slog.DiscardHandler)

// session is what a store would hold, changed as the stages change it.
type session struct {
	m      *monitor.Monitor
	items  []*state.Item
	flying map[int64]*monitor.Transfer
	over   []*monitor.Transfer
	paused bool // something was interrupted and not started again
}

// some returns an item that a stage may take, or nil.
func (s *session) some(t *rapid.T, stage state.Stage) *state.Item {
	var able []*state.Item
	for _, it := range s.items {
		if it.Awaits() == stage && s.flying[it.Seq] == nil {
			able = append(able, it)
		}
	}
	if len(able) == 0 {
		t.Skip("no item")
	}
	return rapid.SampledFrom(able).Draw(t, "item")
}

var sizes = rapid.SampledFrom([]int64{media.SizeUnknown, 1, 100, 5000})

func listing(t *rapid.T, n int) media.Item {
	item := media.Item{
		ID: media.ID{Station: "gopro", Medium: fmt.Sprint("m", n), Part: 1}, Name: fmt.Sprint("GX", n),
		Size: sizes.Draw(t, "size"), Version: rapid.SampledFrom([]string{"", "v1", "v2"}).Draw(t, "version"),
	}
	if rapid.IntRange(0, 3).Draw(t, "refused") == 0 {
		item.Refusal = &media.Refusal{Code: media.RefusedTranscoding}
	}
	return item
}

func (s *session) list(t *rapid.T) {
	facts := decide.Facts{Listed: listing(t, len(s.items)+1)}
	if facts.Listed.Refusal == nil && rapid.Bool().Draw(t, "there") {
		facts.Ledger = &state.LedgerEntry{DestinationID: "d", Size: 100}
		facts.Listed.Size = 100
	}
	it := decide.Decide(facts).Item
	s.items = append(s.items, it)
	it.Seq = int64(len(s.items))
	s.m.Listed(nil, it)
}

func (s *session) relist(t *rapid.T) {
	if len(s.items) == 0 {
		t.Skip("no item")
	}
	i := rapid.IntRange(0, len(s.items)-1).Draw(t, "item")
	held := s.items[i]
	if s.flying[held.Seq] != nil {
		t.Skip("in flight")
	}
	d := decide.Decide(decide.Facts{Listed: listing(t, i+1), Held: held})
	s.items[i] = d.Item
	if d.Action != decide.Keep && d.Action != decide.Mark {
		s.m.Listed(d.Before, d.Item)
	}
}

func (s *session) start(t *rapid.T) {
	it := s.some(t, state.Transfer)
	s.flying[it.Seq] = s.m.Start(it)
}

func (s *session) send(t *rapid.T) {
	if len(s.flying) == 0 {
		t.Skip("none in flight")
	}
	tr := s.flying[rapid.SampledFrom(slices.Sorted(maps.Keys(s.flying))).Draw(t, "seq")]
	n := rapid.Int64Range(0, 6000).Draw(t, "bytes")
	switch rapid.IntRange(0, 5).Draw(t, "report") {
	case 0:
		tr.Confirmed(5000, min(n, 5000))
	case 1:
		tr.Resent(n)
	case 2:
		tr.Restarted()
	default:
		tr.Read(int(n))
		tr.Sent(n)
	}
}

func (s *session) land(t *rapid.T) {
	if len(s.flying) == 0 {
		t.Skip("none in flight")
	}
	seq := rapid.SampledFrom(slices.Sorted(maps.Keys(s.flying))).Draw(t, "seq")
	it, tr := s.items[seq-1], s.flying[seq]
	delete(s.flying, seq)
	s.over = append(s.over, tr)
	switch rapid.IntRange(0, 4).Draw(t, "end") {
	case 0:
		lifecycle.Fail(it, state.Transfer, errors.New("dropped"), s.m.Began())
		tr.End()
		s.m.Failed(it, state.Transfer, errors.New("dropped"))
	case 1:
		tr.End()
		lifecycle.Refuse(it, media.Refusal{Code: media.RefusedEmpty})
		s.m.Refused(it, state.Transfer)
	case 2:
		s.paused = true
		tr.Interrupted(40)
		tr.End()
	default:
		lifecycle.Transferred(it, station.Receipt{Size: rapid.Int64Range(1, 6000).Draw(t, "size"), SHA256: "ab"})
		tr.Finished(it.Carried)
		tr.End()
		s.m.Transferred(it)
	}
}

func (s *session) report(t *rapid.T) { // after the end
	for _, tr := range s.over {
		tr.Sent(3)
		tr.Resent(2)
		tr.Confirmed(9000, 8000)
		tr.End()
	}
}

func (s *session) register(t *rapid.T) {
	it := s.some(t, state.Create)
	switch rapid.IntRange(0, 3).Draw(t, "end") {
	case 0:
		size := it.Carried
		lifecycle.ResetTransfer(it)
		s.m.SentBack(it, size)
	case 1:
		lifecycle.Fail(it, state.Create, errors.New("no"), s.m.Began())
		s.m.Failed(it, state.Create, errors.New("no"))
	default:
		lifecycle.Created(it, "d")
		s.m.Created(it)
	}
}

// check compares a snapshot with a recount of what is stored.
func (s *session) check(t *rapid.T) {
	counts := state.Counts{Outcomes: map[state.Outcome]int{}}
	for _, it := range s.items {
		counts.Add(it)
	}
	done := counts.Total - counts.Outcomes[state.OutcomePending] - counts.Outcomes[state.OutcomeFailed]
	got := s.m.Snapshot()
	if got.ItemsTotal != counts.Total || got.ItemsDone != done || got.ItemsFailed != counts.Outcomes[state.OutcomeFailed] {
		t.Fatalf("items: %d of %d done, %d failed; want %d of %d, %d", got.ItemsDone, got.ItemsTotal, got.ItemsFailed, done, counts.Total, counts.Outcomes[state.OutcomeFailed])
	}
	if got.BytesDone > got.BytesTotal || got.BytesDone < 0 || len(got.InFlight) != len(s.flying) {
		t.Fatalf("%d of %d bytes done, %d in flight", got.BytesDone, got.BytesTotal, len(got.InFlight))
	}
	for _, tr := range got.InFlight {
		if tr.Size >= 0 && (tr.Done > tr.Size || tr.Done < 0) {
			t.Fatalf("in flight: %+v", tr)
		}
	}
	if len(s.flying) > 0 {
		return
	}
	if !s.paused && (got.BytesTotal != counts.Bytes || got.BytesDone != counts.Carried) {
		t.Fatalf("%d of %d bytes done, want %d of %d", got.BytesDone, got.BytesTotal, counts.Carried, counts.Bytes)
	}
}

func TestCountsAreARecount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &session{m: monitor.New(quiet, nil), flying: map[int64]*monitor.Transfer{}}
		t.Repeat(map[string]func(*rapid.T){
			"list": s.list, "relist": s.relist, "start": s.start, "send": s.send,
			"land": s.land, "report late": s.report, "register": s.register, "": s.check,
		})
	})
}

// journal keeps what is written to it. do, if not nil, is called before each
// write, and may fail it.
type journal struct {
	do func(ctx context.Context) error

	mu        sync.Mutex
	entries   []state.JournalEntry
	snapshots [][]byte
	at        []time.Time
}

func (j *journal) write(ctx context.Context, f func()) error {
	if j.do != nil {
		if err := j.do(ctx); err != nil {
			return err
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	f()
	return ctx.Err()
}

func (j *journal) Append(ctx context.Context, _ string, entries ...state.JournalEntry) error {
	return j.write(ctx, func() { j.entries = append(j.entries, entries...) })
}

func (j *journal) PutSnapshot(ctx context.Context, _ string, at time.Time, document []byte) error {
	if err := state.CheckSnapshot(document); err != nil {
		return err
	}
	return j.write(ctx, func() { j.snapshots, j.at = append(j.snapshots, document), append(j.at, at) })
}

func (j *journal) Timeline(context.Context, string, string) iter.Seq2[state.JournalEntry, error] {
	panic("not called")
}

func (j *journal) Newest(context.Context, string) iter.Seq2[state.JournalEntry, error] {
	panic("not called")
}

func (j *journal) Snapshot(context.Context, string) ([]byte, time.Time, error) { panic("not called") }

// record records for a while, and returns how long recording took to end after
// that.
func record(m *monitor.Monitor, j *journal, during func()) (late time.Duration) {
	m.Journal(j, "s")
	ctx, stop := context.WithCancel(context.Background())
	var recording sync.WaitGroup
	recording.Go(func() { m.Record(ctx, context.Background(), m.Snapshot) })
	during()
	m.End()
	ended := time.Now()
	stop()
	recording.Wait()
	return time.Since(ended)
}

var item = &state.Item{Item: media.Item{ID: media.ID{Station: "gopro", Medium: "m1", Part: 1}, Name: "GX", Size: 100}, Seq: 1}

func TestEverySecondIsRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, j := monitor.New(quiet, nil), new(journal)
		late := record(m, j, func() {
			for i := range 10 {
				m.Listed(nil, item)
				m.Notice("not an entry %d", i)
				time.Sleep(time.Second)
			}
			time.Sleep(500 * time.Millisecond)
			m.Created(item)
		})
		if len(j.entries) != 11 || j.entries[10].Stage != state.Create {
			t.Errorf("%d entries, want 11, the last one of the last half second", len(j.entries))
		}
		if len(j.snapshots) != 11 || late != 0 {
			t.Fatalf("%d snapshots, want 11; it ended %s late", len(j.snapshots), late)
		}
		var last progress.Snapshot
		if err := json.Unmarshal(j.snapshots[10], &last); err != nil || !last.Ended || last.ItemsDone != 1 {
			t.Errorf("the last snapshot: %+v, %v", last, err)
		}
	})
}

// TestAJournalHoldsUpNothing: neither one that fails nor one that hangs, beyond
// the time of the writes at the end.
func TestAJournalHoldsUpNothing(t *testing.T) {
	for name, do := range map[string]func(context.Context) error{
		"fails": func(context.Context) error { return errors.New("disk full") },
		"hangs": func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var warnings strings.Builder
				m := monitor.New(slog.New(slog.NewTextHandler(&warnings, nil)), nil)
				j := &journal{do: do}
				late := record(m, j, func() {
					began := time.Now()
					for range 20_000 { // more than is gathered
						m.Listed(nil, item)
						m.Snapshot()
					}
					if held := time.Since(began); held != 0 {
						t.Errorf("events were held up for %s", held)
					}
					time.Sleep(10*time.Second + time.Millisecond)
				})
				if late > 4*time.Second {
					t.Errorf("the run ended %s late", late)
				}
				if n := strings.Count(warnings.String(), "level=WARN"); n != 1 {
					t.Errorf("%d warnings, want 1:\n%s", n, &warnings)
				}
			})
		})
	}
}

// TestAStoreThatComesBackIsWrittenTo again.
func TestAStoreThatComesBackIsWrittenTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var back atomic.Bool
		m, j := monitor.New(quiet, nil), &journal{}
		j.do = func(context.Context) error {
			if back.Load() {
				return nil
			}
			return errors.New("away")
		}
		record(m, j, func() {
			m.Listed(nil, item)
			time.Sleep(1500 * time.Millisecond)
			back.Store(true)
			m.Created(item)
			time.Sleep(time.Second)
		})
		if len(j.entries) != 1 || len(j.snapshots) != 2 {
			t.Errorf("%d entries, %d snapshots; want 1, 2", len(j.entries), len(j.snapshots))
		}
	})
}

// TestSnapshotsFitIntoTheStore whatever is in flight.
func TestSnapshotsFitIntoTheStore(t *testing.T) {
	for text, least := range map[string]int{"GX010042": 64, strings.Repeat("<", media.MaxText): 1} {
		synctest.Test(t, func(t *testing.T) {
			m, j := monitor.New(quiet, nil), new(journal)
			record(m, j, func() {
				for i := range 1000 {
					it := *item
					it.Name = text
					it.ID.Medium = fmt.Sprint(text[:len(text)/3], i)
					m.Start(&it)
				}
				for range 20 {
					m.Waiting(fault.Wait{Reason: text + strings.Repeat("x", 1<<20), Until: time.Now().Add(time.Hour)})
				}
				time.Sleep(3500 * time.Millisecond)
			})
			if len(j.snapshots) != 4 {
				t.Fatalf("%d snapshots, want 4", len(j.snapshots))
			}
			var s progress.Snapshot
			if err := json.Unmarshal(j.snapshots[0], &s); err != nil || len(s.InFlight) < least {
				t.Errorf("%d in flight are shown, want at least %d; %v", len(s.InFlight), least, err)
			}
			if n := len(m.Snapshot().InFlight); n != 1000 {
				t.Errorf("the run itself sees %d", n)
			}
		})
	}
}

// TestNoCredentialsArePublished in events, snapshots or the journal, whatever
// stations put into their errors.
func TestNoCredentialsArePublished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const secret = "SECRET"
		const signed = "get https://cdn.example/f.mp4?Policy=SECRET&Signature=SECRET: reset"
		it := *item
		it.Checkpoint = &station.Checkpoint{Resume: json.RawMessage(`{"url": "https://up.example/?upload_id=SECRET"}`), HashState: []byte(secret)}
		it.Receipt = &station.Receipt{Token: secret}
		it.DownloadURL = "https://cdn.example/?SECRET"
		err := &fault.Error{Class: fault.Item, Code: fault.Server, Op: signed, Err: errors.New(signed), Hint: signed}
		refused := it
		refused.Refusal = &media.Refusal{Code: media.RefusedEmpty, Reason: signed}

		var said strings.Builder
		m := monitor.New(quiet, func(e progress.Event) {
			text, err := json.Marshal(e)
			fmt.Fprintf(&said, "%s %v\n%+v\n", text, err, e)
		})
		j := new(journal)
		record(m, j, func() {
			tr := m.Start(&it)
			m.Waiting(fault.Wait{Reason: signed, Until: time.Now().Add(time.Hour)})
			m.Notice("%s", signed)
			m.Stage(state.Transfer, state.Failed, err)
			m.Listed(nil, &it)
			m.Listed(nil, &refused)
			m.Refused(&refused, state.Transfer)
			m.Failed(&it, state.Transfer, err)
			m.Transferred(&it)
			m.SentBack(&it, 1)
			m.Created(&it)
			time.Sleep(1500 * time.Millisecond)
			tr.End()
		})
		fmt.Fprintf(&said, "%+v\n%s\n", j.entries, slices.Concat(j.snapshots...))
		if text := said.String(); strings.Contains(text, secret) || !strings.Contains(text, "cdn.example/f.mp4") {
			t.Errorf("said:\n%s", text)
		}
	})
}

// TestWaitsMayComeBeforeTheJournal from goroutines of the stations.
func TestWaitsMayComeBeforeTheJournal(t *testing.T) {
	m := monitor.New(quiet, nil)
	var waits sync.WaitGroup
	for range 4 {
		waits.Go(func() { m.Waiting(fault.Wait{Reason: "busy", Until: time.Now().Add(time.Hour)}) })
	}
	m.Journal(new(journal), "s")
	waits.Wait()
	if n := len(m.Snapshot().Waits); n != 1 {
		t.Errorf("%d waits, want the one reason", n)
	}
}
