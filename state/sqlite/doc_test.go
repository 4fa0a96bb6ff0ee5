package sqlite_test

import (
	"database/sql"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// stocked returns the path of a database that has something of everything.
func stocked(t *testing.T) string {
	b, path := fresh(t)
	ctx := t.Context()
	must(t, b.PutSession(ctx, state.NewSession("holidays", media.Window{}, time.Now())))
	var list []*state.Item
	for n := range 40 {
		it := libraryItem(n)
		switch n % 5 {
		case 0:
			it.Transfer, it.Create, it.Carried, it.DestinationID = state.Completed, state.Completed, it.Size, "d"
		case 1:
			it.Transfer = state.Failed
			it.Errors = map[state.Stage]state.ErrorRecord{state.Transfer: {Type: "rate", Message: "too fast"}}
		case 2:
			it.Refusal = &media.Refusal{Code: media.RefusedEmpty, Reason: "it is empty"}
		case 3:
			it.Transfer, it.Create, it.AlreadyThere = state.Completed, state.Completed, true
			it.Receipt = &station.Receipt{Token: "hush"}
		}
		list = append(list, it)
	}
	must(t, b.PutItems(ctx, "holidays", list...))
	must(t, b.Record(ctx, state.LedgerEntry{Account: "a", Key: "k", Size: 7, At: time.Now()}))
	must(t, b.Append(ctx, "holidays", state.JournalEntry{Key: libraryItem(1).ID.Key(), Name: libraryItem(1).Name, Stage: state.Transfer, Status: state.Failed, At: time.Now(), Message: "too fast"}))
	_, err := b.Lock(ctx, "holidays")
	must(t, err)
	return path
}

// query returns an answer as text, row by row.
func query(t *testing.T, path, text string) (answer [][]string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	must(t, err)
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	must(t, err)
	for rows.Next() {
		cells := make([]sql.NullString, len(columns))
		var dest []any
		for i := range cells {
			dest = append(dest, &cells[i])
		}
		must(t, rows.Scan(dest...))
		var row []string
		for _, c := range cells {
			row = append(row, c.String)
		}
		answer = append(answer, row)
	}
	must(t, rows.Err())
	return answer
}

// TestDocumented runs what docs/sqlite.md shows, and compares its table of
// columns with those that there are.
func TestDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/sqlite.md")
	must(t, err)
	path := stocked(t)
	samples := regexp.MustCompile("(?s)```sql\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	if len(samples) < 6 {
		t.Errorf("only %d samples", len(samples))
	}
	for _, s := range samples {
		if len(query(t, path, s[1])) == 0 {
			t.Errorf("no answer to %s", s[1])
		}
	}
	want := map[string]string{}
	for _, row := range query(t, path, `SELECT t.name, group_concat('`+"`' || c.name || '`"+`', ', ') FROM pragma_table_list t, pragma_table_info(t.name) c
		WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' GROUP BY t.name`) {
		want[row[0]] = row[1]
	}
	got := map[string]string{}
	for _, line := range regexp.MustCompile("(?m)^\\| `([a-z]+)` \\| .*? \\| (.*) \\|$").FindAllStringSubmatch(string(page), -1) {
		got[line[1]] = line[2]
	}
	wantEqual(t, "columns in docs/sqlite.md", want, got)

	repair := regexp.MustCompile("`(DELETE FROM counts; .*?)`").FindStringSubmatch(string(page))
	sums := query(t, path, "SELECT * FROM counts ORDER BY session, outcome")
	raw(t, path, "UPDATE counts SET items = 99", repair[1])
	wantEqual(t, "sums after their repair", sums, query(t, path, "SELECT * FROM counts ORDER BY session, outcome"))
}

// TestViews: the views say what the backend says, and no secret.
func TestViews(t *testing.T) {
	path := stocked(t)
	status := query(t, path, "SELECT id, items, created, already_there, skipped, failed, pending, bytes, carried, transfer FROM session_status")
	wantEqual(t, "session_status", [][]string{{"holidays", "40", "8", "8", "8", "8", "8", "134217728", "33554432", "pending"}}, status)
	if by := query(t, path, "SELECT run_on, run_by FROM session_status"); by[0][1] == "" {
		t.Error("session_status does not say who runs the session")
	}
	first := query(t, path, "SELECT session, seq, name, outcome, awaits, size, carried, destination_id, error FROM item_status LIMIT 2")
	wantEqual(t, "item_status", [][]string{
		{"holidays", "1", "GX0000000.MP4", "created", "", "4194304", "4194304", "d", ""},
		{"holidays", "2", "GX0000001.MP4", "failed", "transfer", "4194304", "0", "", "too fast"},
	}, first)
	for _, view := range []string{"session_status", "item_status"} {
		for _, row := range query(t, path, "SELECT * FROM "+view) {
			if slices.ContainsFunc(row, func(cell string) bool { return strings.Contains(cell, "hush") }) {
				t.Errorf("%s tells an upload token: %q", view, row)
			}
		}
	}
}
