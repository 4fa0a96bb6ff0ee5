package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// render writes the results into the pages and draws the chart.
func (b *bench) render() error {
	all, err := b.results()
	if err != nil {
		return err
	}
	docs := filepath.Join(b.root, "docs")
	if err := os.WriteFile(filepath.Join(docs, "performance-line.svg"), []byte(lineChart(all)), 0o644); err != nil {
		return err
	}
	sections := all.sections()
	for _, page := range []string{"performance.md", "backends.md"} {
		path := filepath.Join(docs, page)
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		filled, err := fill(string(text), sections)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		if err := os.WriteFile(path, []byte(filled), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// sections are what the pages take from the results, by the name in the marker.
func (all results) sections() map[string]string {
	sections := map[string]string{"summary": all.summary()}
	for _, r := range rows {
		sections[r.name] = all.section(r)
	}
	return sections
}

// summary has a line for each target.
func (all results) summary() string {
	var t strings.Builder
	t.WriteString("| what | target | measured | |\n|---|---|---|---|\n")
	for _, r := range rows {
		if r.judge == nil {
			continue
		}
		m, ok := all[r.name]
		if !ok {
			fmt.Fprintf(&t, "| %s | %s | not yet | |\n", r.title, r.target)
			continue
		}
		found, met := r.judge(m.series)
		fmt.Fprintf(&t, "| [%s](%s#%s) | %s | %s | %s |\n", r.title, r.page, r.name, r.target, found, word(met))
	}
	return t.String()
}

// section is the table of one row, and how it came about.
func (all results) section(r row) string {
	m, ok := all[r.name]
	if !ok {
		return "Not measured yet: `" + cmp.Or(r.command, "go run ./bench -only "+r.name) + "`.\n"
	}
	command := cmp.Or(r.command, "go run ./bench -only "+r.name)
	if m.Long {
		command += " -long"
	}
	return fmt.Sprintf("%s\n`%s` at %s, %s, %s, %s. Medians; the least and the most in parentheses.\n",
		m.table(), command, m.Commit, m.Date, m.Go, m.Machine)
}

// fill replaces what stands between the markers <!-- bench:NAME --> and
// <!-- /bench:NAME --> of a page by the section of that name.
func fill(page string, sections map[string]string) (string, error) {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(page, "<!-- bench:")
		out.WriteString(before)
		if !found {
			return out.String(), nil
		}
		name, rest, _ := strings.Cut(rest, " -->")
		section, known := sections[name]
		_, after, closed := strings.Cut(rest, "<!-- /bench:"+name+" -->")
		if !known || !closed {
			return "", fmt.Errorf("marker bench:%s is unknown or not closed", name)
		}
		fmt.Fprintf(&out, "<!-- bench:%s -->\n%s<!-- /bench:%s -->", name, section, name)
		page = after
	}
}
