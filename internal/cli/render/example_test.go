package render_test

import (
	"os"

	"github.com/gondola-sync/gondola/internal/cli/render"
)

type file struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
}

func (f file) Cells() []any { return []any{f.Name, f.Bytes} }
func (f file) Texts() []any { return []any{f.Name, f.Bytes, "bytes"} }

func Example() {
	for _, format := range []render.Format{render.Text, render.JSON, render.TSV} {
		p := render.Printer{Format: format, Out: render.NewOutput(os.Stdout)}
		rows := p.Rows(render.Table{TSV: []string{"name", "bytes"}, Titles: []string{"NAME", "SIZE"}})
		rows.Add(file{"GX010042.MP4", 4096})
		rows.Add(file{"a.JPG", 7})
		_ = rows.Close()
	}
	// Output:
	// NAME          SIZE
	// GX010042.MP4  4096  bytes
	// a.JPG         7     bytes
	// {"name":"GX010042.MP4","bytes":4096}
	// {"name":"a.JPG","bytes":7}
	// name	bytes
	// GX010042.MP4	4096
	// a.JPG	7
}
