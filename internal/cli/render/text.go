package render

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/gondola-sync/gondola/internal/printable"
)

// Cell makes a text fit into one cell of a table.
func Cell(s string) string { return printable.Line(s) }

// Truncate shortens s to at most n characters.
func Truncate(s string, n int) string {
	runes := []rune(s)
	if len(runes) <= n {
		return s
	}
	return string(runes[:n-1]) + "…"
}

// Line writes one line of a table, of TSV or for a tabwriter. No value breaks out of
// its cell.
func Line(w io.Writer, values ...any) {
	cells := make([]string, len(values))
	for i, v := range values {
		cells[i] = Cell(fmt.Sprint(v))
	}
	fmt.Fprintln(w, strings.Join(cells, "\t"))
}

// Columns writes a line of cells, each but the last as wide as its column and
// cut to it, so that a listing needs no memory of its length.
func Columns(w io.Writer, widths []int, cells ...any) {
	var line strings.Builder
	for i, v := range cells {
		c := Cell(fmt.Sprint(v))
		if i < len(widths) {
			c = Truncate(c, widths[i])
			c += strings.Repeat(" ", widths[i]+2-utf8.RuneCountInString(c))
		}
		line.WriteString(c)
	}
	fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
}
