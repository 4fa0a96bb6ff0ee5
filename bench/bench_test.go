package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestMedian(t *testing.T) {
	for _, row := range []struct {
		values []float64
		want   float64
	}{{[]float64{7}, 7}, {[]float64{3, 1, 2}, 2}, {[]float64{4, 1, 2, 3}, 2.5}} {
		if got := median(row.values); got != row.want {
			t.Errorf("median(%v) = %v, want %v", row.values, got, row.want)
		}
	}
}

func TestTable(t *testing.T) {
	var s series
	s.add("gondola", "MB/s", 900)
	s.add("pipe", "MB/s", 1000)
	s.ratio("gondola", "pipe", "MB/s", "of pipe")
	s.add("gondola", "MB/s", 1100)
	want := `| | MB/s | of pipe |
|---|---:|---:|
| gondola | 1000 (900–1100) | 0.90 |
| pipe | 1000 |  |
`
	if got := s.table(); got != want {
		t.Errorf("table:\n%swant:\n%s", got, want)
	}
}

func TestNumber(t *testing.T) {
	for _, row := range []struct {
		value float64
		want  string
	}{{0, "0"}, {0.0123, "0.012"}, {0.123, "0.12"}, {1.234, "1.23"}, {12.34, "12.3"}, {123.4, "123"}, {1e6, "1000000"}, {8, "8"}} {
		if got := number(row.value); got != row.want {
			t.Errorf("number(%v) = %q, want %q", row.value, got, row.want)
		}
	}
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := thousands(n); got != want {
			t.Errorf("thousands(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestFill(t *testing.T) {
	sections := map[string]string{"a": "new\n", "b": ""}
	page := "1 <!-- bench:a -->old<!-- /bench:a --> 2 <!-- bench:b --><!-- /bench:b --> 3"
	want := "1 <!-- bench:a -->\nnew\n<!-- /bench:a --> 2 <!-- bench:b -->\n<!-- /bench:b --> 3"
	got, err := fill(page, sections)
	if err != nil || got != want {
		t.Errorf("fill = %q, %v, want %q", got, err, want)
	}
	if again, err := fill(got, sections); err != nil || again != got {
		t.Errorf("filled again = %q, %v", again, err)
	}
	for _, broken := range []string{"<!-- bench:c --><!-- /bench:c -->", "<!-- bench:a -->", "<!-- bench:a"} {
		if _, err := fill(broken, sections); err == nil {
			t.Errorf("%q was filled", broken)
		}
	}
}

// TestPagesHaveEveryRow finds a marker for each row, and no other.
func TestPagesHaveEveryRow(t *testing.T) {
	text := ""
	for _, page := range []string{"performance.md", "backends.md"} {
		data, err := os.ReadFile(filepath.Join("..", "docs", page))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fill(string(data), results{}.sections()); err != nil {
			t.Errorf("%s: %v", page, err)
		}
		text += string(data)
	}
	for _, r := range rows {
		if r.name != profileRow.name && !strings.Contains(text, "<!-- bench:"+r.name+" -->") {
			t.Errorf("no page shows row %q", r.name)
		}
		if r.judge != nil && !strings.Contains(text, `<a id="`+r.name+`"></a>`) {
			t.Errorf("the summary's link to row %q leads nowhere", r.name)
		}
	}
}

func TestChart(t *testing.T) {
	picture := chart("Us & them", []bar{{"us", 0.5, true}, {"<them>", 2, false}, {"none", 0, false}}, 1, number)
	for decoder := xml.NewDecoder(strings.NewReader(picture)); ; {
		_, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, picture)
		}
	}
	for _, want := range []string{`class="ours" x="330" y="44" width="165.0"`, `class="other" x="330" y="76" width="330.0"`, "&lt;them&gt;", "Us &amp; them"} {
		if !strings.Contains(picture, want) {
			t.Errorf("%s is missing in\n%s", want, picture)
		}
	}
}

func TestKills(t *testing.T) {
	report := "87 kills in 3 sessions, 50s\n" +
		"            kills  free  mean  p50  p90  p99   max  share  ran for\n" +
		"        all    87   67%   113    0  108  494  6784    21%     40ms\n"
	var s series
	if err := s.addKills("x", report, "all"); err != nil {
		t.Fatal(err)
	}
	if kills, most := s.middle("x", "kills"), s.middle("x", unitSegments); kills != 87 || most != 21 {
		t.Errorf("%v kills, at most %v %%", kills, most)
	}
	for _, broken := range []string{"", "all 1 2 x", "all 1 2"} {
		if err := new(series).addKills("x", broken, "all"); err == nil {
			t.Errorf("%q was read", broken)
		}
	}
}

func TestJudgeBackends(t *testing.T) {
	var s series
	s.add(storeName("sqlite", 10), unitChange, 2)
	s.add(storeName("sqlite", 1_000), unitChange, 5)
	if measured, met := judgeBackends(s); measured != "sqlite 2.5× at 1,000" || met {
		t.Errorf("judged %q, %v", measured, met)
	}
	s.add(storeName("sqlite", 1_000_000), unitChange, 3)
	if measured, met := judgeBackends(s); measured != "sqlite 1.5× at 1,000,000" || !met {
		t.Errorf("judged %q, %v", measured, met)
	}
	if _, met := judgeBackends(series{}); met {
		t.Error("nothing passes")
	}
}

func TestChoose(t *testing.T) {
	if all, err := choose(""); err != nil || len(all) != len(rows)-1 {
		t.Errorf("chose %d rows, %v", len(all), err)
	}
	if some, err := choose("line,carry"); err != nil || len(some) != 2 || some[0].name != "line" {
		t.Errorf("chose %v, %v", some, err)
	}
	if _, err := choose("lines"); err == nil {
		t.Error("an unknown row was chosen")
	}
}

// TestRowsApartRunByNameOnly: what needs q2google is not part of everything.
func TestRowsApartRunByNameOnly(t *testing.T) {
	all, err := choose("")
	if err != nil || len(all) == 0 {
		t.Fatal(all, err)
	}
	for _, r := range all {
		if r.apart {
			t.Errorf("%s runs unasked", r.name)
		}
	}
	named, err := choose("q2google")
	if err != nil || len(named) != 1 || !named[0].apart {
		t.Errorf("by name: %v, %v", named, err)
	}
}

// TestDiskIsWatched: the most that lay there counts, not what is left.
func TestDiskIsWatched(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "below", "file")
	if err := os.Mkdir(filepath.Dir(file), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, make([]byte, 12345), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := sizeOf(dir); got != 12345 {
		t.Errorf("sizeOf = %d, want 12345", got)
	}
	w := watchDisk(dir)
	if got := w.stop(); got != 12345 {
		t.Errorf("watched %d bytes, want 12345", got)
	}
	if got := sizeOf(filepath.Join(dir, "gone")); got != 0 {
		t.Errorf("sizeOf of nothing = %d", got)
	}
}
