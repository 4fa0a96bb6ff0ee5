package render

import (
	"io"
	"text/tabwriter"
)

// Table prints rows of one kind. As JSON each is marshalled.
type Table struct {
	TSV    []string // names of the columns of TSV; nil if rows are text there, too
	Titles []string // of the columns of text; nil for none
	Headed bool     // titles are printed also without rows
	// Widths are those of the columns of text but the last, which are cut to them,
	// and written at once. If it is nil, columns are as wide as they need to be, and
	// written by Close.
	Widths []int
	// To is where text goes; nil for where all results go.
	To io.Writer
}

// Row is a row of a table.
type Row interface {
	Cells() []any // of TSV
	Texts() []any // the cells of text
}

// Rows prints the rows of a table, one by one. Make it with [Printer.Rows].
type Rows struct {
	p       *Printer
	table   Table
	aligned *tabwriter.Writer
	titled  bool
}

// Rows begins a table. Its heading is printed at once as TSV, and with the first
// row as text.
func (p *Printer) Rows(t Table) *Rows {
	if t.To == nil {
		t.To = p.Out
	}
	if t.TSV != nil {
		p.Heading(t.TSV...)
	}
	r := &Rows{p: p, table: t, aligned: tabwriter.NewWriter(t.To, 0, 4, 2, ' ', 0)}
	if t.Headed && p.Format == Text {
		r.title()
	}
	return r
}

// title prints the titles of text, once.
func (r *Rows) title() {
	if !r.titled && r.table.Titles != nil {
		r.text(anys(r.table.Titles))
	}
	r.titled = true
}

// Add prints a row.
func (r *Rows) Add(row Row) {
	switch r.p.Format {
	case JSON:
		r.p.Out.JSON(row)
	case TSV:
		r.cells(row)
	default:
		r.texts(row)
	}
}

// AddMinor prints a row that matters to programs only: as TSV, which has all rows,
// and as JSON if the printer is verbose.
func (r *Rows) AddMinor(row Row) {
	switch {
	case r.p.Format == TSV:
		r.cells(row)
	case r.p.Format == JSON && r.p.Verbose:
		r.p.Out.JSON(row)
	}
}

func (r *Rows) cells(row Row) {
	if r.table.TSV == nil {
		r.texts(row)
		return
	}
	Line(r.p.Out, row.Cells()...)
}

func (r *Rows) texts(row Row) {
	r.title()
	r.text(row.Texts())
}

func (r *Rows) text(cells []any) {
	if r.table.Widths != nil {
		Columns(r.table.To, r.table.Widths, cells...)
		return
	}
	Line(r.aligned, cells...)
}

// Close prints what is held back.
func (r *Rows) Close() error { return r.aligned.Flush() }

func anys(texts []string) []any {
	values := make([]any, len(texts))
	for i, text := range texts {
		values[i] = text
	}
	return values
}
