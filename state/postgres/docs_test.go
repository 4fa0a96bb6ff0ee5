package postgres_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gondola-sync/gondola/internal/pgserver"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/postgres"
)

// What the guide says to ask the database works, and what repairs the sums does.
func TestQueriesOfTheGuide(t *testing.T) {
	guide, err := os.ReadFile("../../docs/postgres.md")
	if err != nil {
		t.Fatal(err)
	}
	db := filled(t, 5)
	b := open(t, db.URI, postgres.Options{})
	ctx := t.Context()
	refused := item(7)
	refused.Refusal = &media.Refusal{Code: media.RefusedEmpty}
	done := item(8)
	done.Transfer, done.Create, done.Carried = state.Completed, state.Completed, 1008
	if err := b.PutItems(ctx, "s", refused, done); err != nil {
		t.Fatal(err)
	}
	if err := b.Record(ctx, state.LedgerEntry{Account: "a", Key: "k"}, state.LedgerEntry{Account: "a", Key: "l", Gone: true}); err != nil {
		t.Fatal(err)
	}
	before, err := b.Counts(ctx, "s")
	if err != nil {
		t.Fatal(err)
	}
	_, looking, _ := strings.Cut(string(guide), "## Looking into it")
	queries := regexp.MustCompile("(?s)```sql\n(.*?)```").FindAllStringSubmatch(looking, -1)
	if len(queries) < 5 {
		t.Errorf("%d queries in the guide", len(queries))
	}
	pgserver.Exec(t, db.URI, "UPDATE gondola.counts SET items = items + 1")
	for _, q := range queries {
		for sql := range strings.SplitSeq(q[1], ";\n") {
			if strings.TrimSpace(sql) != "" {
				pgserver.Exec(t, db.URI, sql)
			}
		}
	}
	after, err := b.Counts(ctx, "s")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, after); diff != "" || before.Total != 7 {
		t.Errorf("the sums, repaired (-before +after):\n%s", diff)
	}
}
