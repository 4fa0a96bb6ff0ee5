package render

import (
	"fmt"
	"io"
	"strings"

	"github.com/mattn/go-runewidth"

	"github.com/gondola-sync/gondola/internal/printable"
)

// Cell makes a text fit into one cell of a table.
func Cell(s string) string { return printable.Line(s) }

// Width returns how many columns of a terminal a text takes: a character of Chinese,
// Japanese or Korean takes two, a combining accent none.
func Width(s string) int { return runewidth.StringWidth(s) }

// Truncate shortens s to at most n columns of a terminal.
func Truncate(s string, n int) string { return runewidth.Truncate(s, n, "…") }

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
			c += strings.Repeat(" ", widths[i]+2-Width(c))
		}
		line.WriteString(c)
	}
	fmt.Fprintln(w, strings.TrimRight(line.String(), " "))
}
