package faultmatrix

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the counts of rows into the page")

const documented = "../../docs/fault-matrix.md"

var countTable = regexp.MustCompile(`(?s)\| route \| rows \|.*?\n\n`)

// TestDocumented keeps the counts on the page those of the matrix.
func TestDocumented(t *testing.T) {
	page, err := os.ReadFile(documented)
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]int{}
	for _, r := range matrix() {
		rows[r.route]++
	}
	var table strings.Builder
	table.WriteString("| route | rows |\n|---|---|\n")
	for _, route := range slices.Sorted(maps.Keys(rows)) {
		fmt.Fprintf(&table, "| %s | %d |\n", route, rows[route])
	}
	fmt.Fprintf(&table, "| all | %d |\n\n", len(matrix()))
	want := countTable.ReplaceAllLiteralString(string(page), table.String())
	switch {
	case want == string(page):
	case *update:
		if err := os.WriteFile(documented, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("the counts are not those of the matrix; run: go test ./internal/faultmatrix -run TestDocumented -update\n%s", table.String())
	}
}
