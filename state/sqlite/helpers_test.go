package sqlite_test

import (
	"iter"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/sqlite"
)

func open(t testing.TB, path string) *sqlite.Backend {
	t.Helper()
	b, err := sqlite.Open(t.Context(), path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// fresh returns a new database, closed with the test, and its path.
func fresh(t testing.TB) (*sqlite.Backend, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "gondola.db")
	b := open(t, path)
	t.Cleanup(func() { b.Close() })
	return b, path
}

// last returns the error that a sequence ends with.
func last[T any](seq iter.Seq2[T, error]) (err error) {
	for _, err = range seq {
	}
	return err
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantEqual[T any](t testing.TB, what string, want, got T) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// wantFault checks that an error is one that a store may return, and that it
// says what to do.
func wantFault(t testing.TB, what string, err error) {
	t.Helper()
	if fault.ClassOf(err) != fault.Session || fault.CodeOf(err) != fault.State || fault.HintOf(err) == "" {
		t.Errorf("%s: %v (hint %q), want a fault of the state with a hint", what, err, fault.HintOf(err))
	}
}

// wantSound checks the database, and its sums against its items.
func wantSound(t *testing.T, b *sqlite.Backend) {
	t.Helper()
	if err := b.Check(t.Context()); err != nil {
		t.Error(err)
	}
	for s, err := range b.Sessions(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		want := state.Counts{Outcomes: map[state.Outcome]int{}}
		for it, err := range b.Items(t.Context(), s.ID, state.Query{}) {
			if err != nil {
				t.Fatal(err)
			}
			want.Add(it)
		}
		got, err := b.Counts(t.Context(), s.ID)
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, "counts of "+s.ID, want, got)
	}
}
