package sqlite_test

import "testing"

// TestProgressWritesNoIndex: how far an item came is a page of its row and one of
// the sums, whatever the number of indexes.
func TestProgressWritesNoIndex(t *testing.T) {
	b, _ := fresh(t)
	load(t, b, 0, 500)
	const changes = 50
	it, before := libraryItem(250), b.Written()
	for n := range changes {
		it.Carried = int64(n + 1)
		must(t, b.PutItems(t.Context(), "s", it))
	}
	if pages := b.Written() - before; pages > 3*changes {
		t.Errorf("%d pages for %d changes, want at most 3 for each", pages, changes)
	}
	wantSound(t, b)
}
