package render_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gondola-sync/gondola/internal/cli/render"
)

// TestRows prints tables of each kind, with rows and without.
func TestRows(t *testing.T) {
	rows := []file{{"long name\nof a file", 1}, {"b", 22}}
	for _, tc := range []struct {
		name   string
		format render.Format
		table  render.Table
		rows   []file
		want   string
	}{
		{"aligned", render.Text, render.Table{Titles: []string{"NAME", "SIZE"}}, rows,
			"NAME                 SIZE\nlong name of a file  1   bytes\nb                    22  bytes\n"},
		{"titles come with the first row", render.Text, render.Table{Titles: []string{"NAME"}}, nil, ""},
		{"or before", render.Text, render.Table{Titles: []string{"NAME", "SIZE"}, Headed: true}, nil, "NAME  SIZE\n"},
		{"once", render.Text, render.Table{Titles: []string{"N"}, Headed: true}, rows[1:], "N\nb  22  bytes\n"},
		{"cut", render.Text, render.Table{Titles: []string{"NAME", "SIZE"}, Widths: []int{6, 4}}, rows,
			"NAME    SIZE\nlong …  1     bytes\nb       22    bytes\n"},
		{"by columns of a terminal", render.Text, render.Table{Widths: []int{7, 2}}, []file{{"日本.JPG", 1}, {"日本語の本.JPG", 2}, {"u\u0308ml.JPG", 3}},
			"日本.J…  1   bytes\n日本語…  2   bytes\nu\u0308ml.JPG  3   bytes\n"},
		{"TSV has a heading without rows", render.TSV, render.Table{TSV: []string{"name", "bytes"}}, nil, "name\tbytes\n"},
		{"a value stays in its cell", render.TSV, render.Table{TSV: []string{"name", "bytes"}}, rows[:1], "name\tbytes\nlong name of a file\t1\n"},
		{"JSON has none", render.JSON, render.Table{TSV: []string{"name"}, Titles: []string{"NAME"}, Headed: true}, rows[1:], "{\"name\":\"b\",\"bytes\":22}\n"},
	} {
		var out bytes.Buffer
		p := render.Printer{Format: tc.format, Out: render.NewOutput(&out)}
		table := p.Rows(tc.table)
		for _, row := range tc.rows {
			table.Add(row)
		}
		if err := table.Close(); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tc.want, out.String()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
	}
}

// TestMinorRows: TSV has all rows, JSON those that matter to programs only if it is
// verbose, text never.
func TestMinorRows(t *testing.T) {
	for _, tc := range []struct {
		format  render.Format
		verbose bool
		want    string
	}{
		{render.Text, true, ""},
		{render.JSON, false, ""},
		{render.JSON, true, "{\"name\":\"b\",\"bytes\":22}\n"},
		{render.TSV, false, "name\tbytes\nb\t22\n"},
	} {
		var out bytes.Buffer
		p := render.Printer{Format: tc.format, Out: render.NewOutput(&out), Verbose: tc.verbose}
		rows := p.Rows(render.Table{TSV: []string{"name", "bytes"}})
		rows.AddMinor(file{"b", 22})
		if err := rows.Close(); err != nil || out.String() != tc.want {
			t.Errorf("%s, verbose %v: %q, %v; want %q", tc.format, tc.verbose, out.String(), err, tc.want)
		}
	}
}

// TestRowsThatAreNoTSV: the rows of a table without columns of TSV are text there,
// beside the result.
func TestRowsThatAreNoTSV(t *testing.T) {
	var out, screen bytes.Buffer
	p := render.Printer{Format: render.TSV, Out: render.NewOutput(&out), Screen: &screen}
	rows := p.Rows(render.Table{To: p.Beside()})
	rows.Add(file{"b", 22})
	if err := rows.Close(); err != nil || out.Len() > 0 || screen.String() != "b  22  bytes\n" {
		t.Errorf("%q, beside it %q, %v", out.String(), screen.String(), err)
	}
	p.Quiet = true
	if p.Beside() == p.Screen {
		t.Error("a quiet printer writes text beside results")
	}
}

// TestTextGoesElsewhere: where standard output belongs to programs, text goes to
// another writer, and JSON and TSV do not.
func TestTextGoesElsewhere(t *testing.T) {
	for format, want := range map[render.Format]string{render.Text: "", render.JSON: "{\"name\":\"b\",\"bytes\":22}\n", render.TSV: "name\nb\t22\n"} {
		var out, talk bytes.Buffer
		p := render.Printer{Format: format, Out: render.NewOutput(&out)}
		table := p.Rows(render.Table{TSV: []string{"name"}, To: &talk})
		table.Add(file{"b", 22})
		if err := table.Close(); err != nil {
			t.Fatal(err)
		}
		if out.String() != want || (talk.Len() > 0) != (format == render.Text) {
			t.Errorf("%s: wrote %q, elsewhere %q", format, out.String(), talk.String())
		}
	}
}
