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
	Format  Format
	Out     *Output
	Screen  io.Writer // gets text while Out belongs to programs
	Quiet   bool      // text beside results is dropped
	Verbose bool      // [Rows.AddMinor] prints rows as JSON
}

// Beside returns where text goes that a format for programs has no place for: to
// Out as text, else to Screen.
func (p *Printer) Beside() io.Writer {
	switch {
	case p.Quiet:
		return io.Discard
	case p.Format == Text:
		return p.Out
	}
	return p.Screen
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

// TSV prints a table that is shown as TSV alone.
func (p *Printer) TSV(write func(w io.Writer) error) error {
	if p.Format != TSV {
		return nil
	}
	return write(p.Out)
}

// Text prints what is shown as text alone.
func (p *Printer) Text(write func(w io.Writer)) {
	if p.Format == Text {
		write(p.Out)
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
