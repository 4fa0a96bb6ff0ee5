package render

import "io"

// Format is how results are written.
type Format string

// The formats.
const (
	Text Format = "text"
	JSON Format = "json" // lines
	TSV  Format = "tsv"
)

// Known reports whether there is such a format.
func (f Format) Known() bool { return f == Text || f == JSON || f == TSV }

// Printer prints results in one format.
type Printer struct {
	Format Format
	Out    *Output
}

// Result is what a command prints. As JSON it is marshalled.
type Result interface {
	Text(w io.Writer)
	TSV(w io.Writer)
}

// Print prints a result.
func (p *Printer) Print(r Result) {
	switch p.Format {
	case JSON:
		p.Out.JSON(r)
	case TSV:
		r.TSV(p.Out)
	default:
		r.Text(p.Out)
	}
}

// JSON prints a value that is shown to programs alone.
func (p *Printer) JSON(v any) {
	if p.Format == JSON {
		p.Out.JSON(v)
	}
}

// Heading prints the names of the columns of TSV.
func (p *Printer) Heading(names ...string) {
	if p.Format == TSV {
		Names(p.Out, names)
	}
}

// Names writes the names of the columns of TSV.
func Names(w io.Writer, names []string) { Line(w, anys(names)...) }
