package statetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
)

// Harness gives the suite a store of its own, empty at first.
type Harness struct {
	// Open opens the store, each time as another process would. The suite
	// closes what it opened.
	Open func(t *testing.T) state.Backend

	// Volatile says that the ledger and the locks live in one Backend and are
	// unknown to others on the same store.
	Volatile bool

	// Shared says that several Backends may change one session at once, as workers
	// of several processes do. In other stores only the holder of its lock may.
	Shared bool

	// Break, if not nil, lets b fail its nth change of the store from now on,
	// counted from 1, and every later one, as if the process had died there.
	Break func(b state.Backend, n int)

	// Expire, if not nil, lets every lock of the store run out that is not renewed
	// from now on, as if its time had passed.
	Expire func(t *testing.T)

	// Misset, if not nil, moves the end of every lock of the store to the year
	// 2099, as a process whose clock was wrong would have set it.
	Misset func(t *testing.T)

	// Left, if not nil, counts the items and batches that the store holds,
	// whatever session they are of and whether it is there or not.
	Left func(t *testing.T) int

	// Cost, if not nil, returns what has been written so far.
	Cost func() Cost

	// Most, if not 0, is how many items a session of the suite has at most. It is
	// for servers that take their time.
	Most int
}

// Cost is what has been written to a store.
type Cost struct {
	Writes int64 // files or statements
	Bytes  int64
}

// Run tests the backends that newHarness gives, one fresh store per test.
func Run(t *testing.T, newHarness func(t *testing.T) Harness) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, Harness)
	}{
		{"RoundTrip", testRoundTrip},
		{"EveryField", testEveryField},
		{"Header", testHeader},
		{"Listing", testListing},
		{"UnknownSession", testUnknownSession},
		{"DeleteSession", testDeleteSession},
		{"HostileIDs", testHostileIDs},
		{"Seq", testSeq},
		{"Queries", testQueries},
		{"QueryWhileWriting", testQueryWhileWriting},
		{"IterationWhileWriting", testIterationWhileWriting},
		{"ItemByKeyAndName", testItemByKeyAndName},
		{"ItemsAtRest", testItemsAtRest},
		{"NameOnly", testNameOnly},
		{"NameOnlyUnderNewName", testNameOnlyUnderNewName},
		{"NamesExchanged", testNamesExchanged},
		{"TwoProcesses", testTwoProcesses},
		{"AtOnce", testAtOnce},
		{"NameTaken", testNameTaken},
		{"HostileNames", testHostileNames},
		{"Unstorable", testUnstorable},
		{"Times", testTimes},
		{"LongBatch", testLongBatch},
		{"Counts", testCounts},
		{"Batches", testBatches},
		{"Ledger", testLedger},
		{"Albums", testAlbums},
		{"Filing", testFiling},
		{"Journal", testJournal},
		{"HostileEntries", testHostileEntries},
		{"Snapshot", testSnapshot},
		{"JournalEnds", testJournalEnds},
		{"JournalCost", testJournalCost},
		{"JournalLease", testJournalLease},
		{"Locks", testLocks},
		{"Takeover", testTakeover},
		{"WrongClock", testWrongClock},
		{"Reopen", testReopen},
		{"Concurrent", testConcurrent},
		{"Together", testTogether},
		{"OneName", testOneName},
		{"Cancelled", testCancelled},
		{"Closed", testClosed},
		{"Large", testLarge},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, newHarness(t))
		})
	}
	t.Run("InterruptedDelete", func(t *testing.T) {
		t.Parallel()
		testInterruptedDelete(t, newHarness)
	})
	t.Run("Crash", func(t *testing.T) {
		t.Parallel()
		testCrash(t, newHarness)
	})
}

// most returns n, or the most items that a session may have.
func (h Harness) most(n int) int {
	if h.Most > 0 {
		return min(n, h.Most)
	}
	return n
}

func (h Harness) open(t *testing.T) state.Backend {
	t.Helper()
	b := h.Open(t)
	t.Cleanup(func() { b.Close() })
	return b
}

// started opens a store with an empty session "s".
func (h Harness) started(t *testing.T) state.Backend {
	t.Helper()
	b := h.open(t)
	must(t, b.PutSession(t.Context(), newSession("s")))
	return b
}

func newSession(id string) *state.Session {
	return state.NewSession(id, media.Window{}, time.Date(2026, 1, 8, 9, 0, 0, 0, time.UTC))
}

// item returns the nth item of a made-up library, discovered and not carried.
func item(n int) *state.Item {
	return &state.Item{
		Item: media.Item{
			ID:   media.ID{Station: "gopro", Medium: fmt.Sprintf("medium%04d", n), Part: 1, Label: "source"},
			Name: fmt.Sprintf("GX%06d.MP4", n), LegacyName: fmt.Sprintf("GX%06d000.MP4", n),
			Size: int64(1000 + n), MIME: "video/mp4", Kind: media.Video,
		},
		Discovery: state.Completed, Transfer: state.Pending, Create: state.Pending,
	}
}

func items(from, to int) []*state.Item {
	var list []*state.Item
	for n := from; n < to; n++ {
		list = append(list, item(n))
	}
	return list
}

// tester is what the suite needs of *testing.T and *rapid.T.
type tester interface {
	Helper()
	Errorf(format string, args ...any)
	Fatal(args ...any)
}

func must(t tester, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func collect[T any](t tester, seq iter.Seq2[T, error]) []T {
	t.Helper()
	var list []T
	for v, err := range seq {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, v)
	}
	return list
}

// last returns the error that a sequence ends with.
func last[T any](seq iter.Seq2[T, error]) (err error) {
	for _, err = range seq {
	}
	return err
}

// asJSON compares what documents mean: a store may write them its own way.
var asJSON = cmp.FilterPath(func(p cmp.Path) bool {
	return p.Last().Type() == reflect.TypeFor[json.RawMessage]()
}, cmp.Comparer(sameJSON))

func equal[T any](t tester, what string, want, got T) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty(), asJSON); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func sameJSON(a, b json.RawMessage) bool {
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && reflect.DeepEqual(x, y)
}

func wantNotFound(t tester, what string, err error) {
	t.Helper()
	if !errors.Is(err, state.ErrNotFound) {
		t.Errorf("%s: %v, want ErrNotFound", what, err)
	}
}

// wantRefused checks that an error is one that a store may return.
func wantRefused(t tester, what string, err error) {
	t.Helper()
	if fault.ClassOf(err) != fault.Session || fault.CodeOf(err) != fault.State {
		t.Errorf("%s: %v, want a session-wide fault of the state", what, err)
	}
}

// wantUnstorable checks that an error is that of one item, which the others of
// its session survive.
func wantUnstorable(t tester, what string, err error) {
	t.Helper()
	if fault.ClassOf(err) != fault.Item || fault.CodeOf(err) != fault.State || len(err.Error()) > 8<<10 {
		t.Errorf("%s: %.200v, want an item fault of the state", what, err)
	}
}
