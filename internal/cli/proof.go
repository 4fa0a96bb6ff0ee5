package cli

import (
	"fmt"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/internal/cli/render"
)

// provedLine says in JSON whether a file is at the destination.
type provedLine struct {
	Type    string `json:"type"`
	Name    string `json:"name"`
	Medium  string `json:"medium"`
	Part    int    `json:"part"`
	Bytes   int64  `json:"bytes"`
	SHA256  string `json:"sha256"`
	Copies  int    `json:"copies"` // at the destination
	Refused string `json:"refused,omitempty"`
	OK      bool   `json:"ok"`
}

// verdict sums up a proof.
type verdict struct {
	Type     string `json:"type"`
	Files    int    `json:"files"`
	Proved   int    `json:"proved"`
	Refused  int    `json:"refused"`
	Strange  int    `json:"strange"`   // at the destination, and not at the source
	SentMore int64  `json:"sent_more"` // bytes that the last run sent although all was there
	OK       bool   `json:"ok"`
}

// prove compares both sides file by file.
func (d *demo) prove(cut, resumed, again summaryLine) error {
	rows := d.a.print.Rows(render.Table{To: d.a.result()})
	lines, v := judge(d.services.emulator.Arrivals())
	for _, line := range lines {
		rows.Add(line)
	}
	if err := rows.Close(); err != nil {
		return err
	}
	v.SentMore = again.Bytes.Uploaded
	v.OK = v.OK && v.SentMore == 0
	d.a.print.JSON(v)
	w := d.a.result()
	fmt.Fprintf(w, "\nSent before the interruption %s, after it %s, in the repetition %s.\n",
		size(cut.Bytes.Uploaded), size(resumed.Bytes.Uploaded), size(again.Bytes.Uploaded))
	if !v.OK {
		return fmt.Errorf("%w: %d of %d files proved, %d strange items", errMissing, v.Proved, v.Files, v.Strange)
	}
	fmt.Fprintf(w, "Proved: %d of %d files are in Google Photos exactly once, byte for byte; %d were refused with a reason.\n",
		v.Proved, v.Files, v.Refused)
	return nil
}

// judge finds each expected file at the destination, exactly once, and nothing
// else.
func judge(arrivals emulator.Arrivals) ([]provedLine, verdict) {
	v := verdict{Type: "proof", Strange: len(arrivals.Strange)}
	var lines []provedLine
	for _, f := range arrivals.Files {
		lines = append(lines, provedLine{
			Type: "proved", Name: cell(f.Name), Medium: f.Medium, Part: f.Part,
			Bytes: f.Size, SHA256: f.SHA256, Copies: f.Copies, Refused: f.Why, OK: f.OK(),
		})
		switch {
		case f.Refused:
			v.Refused++
		case f.OK():
			v.Files++
			v.Proved++
		default:
			v.Files++
		}
	}
	v.OK = v.Files > 0 && v.Proved == v.Files && v.Strange == 0
	return lines, v
}

// Cells implements [render.Row]: a proof is no TSV.
func (l provedLine) Cells() []any { return nil }

// Texts implements [render.Row].
func (l provedLine) Texts() []any {
	return []any{l.Name, size(l.Bytes), shortHash(l.SHA256), l.text()}
}

func (l provedLine) text() string {
	switch {
	case l.Refused != "" && l.OK:
		return "not carried: " + l.Refused
	case l.OK:
		return "there once, the same bytes"
	case l.Copies == 0:
		return "MISSING"
	}
	return fmt.Sprintf("THERE %d TIMES", l.Copies)
}

func shortHash(sum string) string { return sum[:min(len(sum), 12)] }
