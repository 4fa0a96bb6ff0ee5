package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	registry "github.com/gondola-sync/gondola/internal/app"
	"github.com/gondola-sync/gondola/internal/cli/render"
)

// placeFileLine is what a verification found of a file, in JSON.
type placeFileLine struct {
	Type    string `json:"type"`
	Key     string `json:"key"`
	Name    string `json:"name"`
	Path    string `json:"path"`
	Status  string `json:"status"`
	Reason  string `json:"reason,omitempty"`
	Bytes   int64  `json:"bytes"`
	SHA256  string `json:"sha256"`
	Session string `json:"session"`
}

// placeLine is the last line of the verification of a place in JSON.
type placeLine struct {
	Type     string       `json:"type"`
	To       string       `json:"to"`
	Account  string       `json:"account"`
	Outcome  string       `json:"outcome"`
	ExitCode int          `json:"exit_code"`
	Deep     bool         `json:"deep"` // every byte was read
	Items    placeCounts  `json:"items"`
	Seconds  float64      `json:"seconds"`
	Error    *errorObject `json:"error,omitempty"`
}

type placeCounts struct {
	Total    int `json:"total"`
	Verified int `json:"verified"`
	Missing  int `json:"missing"`
	Changed  int `json:"changed"`
}

func (c *placeCounts) add(status string) {
	c.Total++
	switch status {
	case "verified":
		c.Verified++
	case "missing":
		c.Missing++
	default:
		c.Changed++
	}
}

// verifyPlace holds a station against its own record.
func (a *app) verifyPlace(ctx context.Context, f *verifyFlags, uri registry.URI) error {
	verifier, ok := f.services.openers.Of(uri.Scheme).(registry.Verifier)
	switch {
	case !ok:
		return usagef("%s keeps no record to verify: give a session", uri)
	case f.manifest != "":
		return usagef("--manifest is for sessions: a folder has one of its own, .gondola/manifest.jsonl")
	}
	began := a.now()
	line := placeLine{Type: "verification", To: uri.String(), Deep: f.deep}
	rows := a.print.Rows(render.Table{
		TSV:    []string{"path", "status", "sha256", "reason"},
		Widths: []int{}, // a sentence
		To:     a.result(),
	})
	account, err := verifier.Verify(ctx, a.env(), uri, registry.VerifyOptions{Deep: f.deep, Each: func(file registry.VerifiedFile) error {
		line.Items.add(file.Status)
		a.placeFile(rows, file)
		return a.stdout.Failure()
	}})
	if err == nil && line.Items.Verified < line.Items.Total {
		err = errMissing
	}
	line.Account, line.Seconds = account, a.now().Sub(began).Seconds()
	return a.placeReport(line, err)
}

// placeFile prints a file: one that is as it should be only where all are asked
// for.
func (a *app) placeFile(rows *render.Rows, f registry.VerifiedFile) {
	line := placeFileLine{"verified", f.Key, f.Name, f.Path, f.Status, f.Reason, f.Size, f.SHA256, f.Session}
	if f.Status != "verified" {
		rows.Add(line)
		return
	}
	rows.AddMinor(line)
	a.print.Text(func(io.Writer) {
		if a.global.verbose {
			fmt.Fprintln(a.talk(), f.Status+": "+cell(f.Path))
		}
	})
}

// Cells implements [render.Row].
func (l placeFileLine) Cells() []any { return []any{l.Path, l.Status, l.SHA256, l.Reason} }

// Texts implements [render.Row].
func (l placeFileLine) Texts() []any { return []any{l.Status + ": " + l.Path + ": " + l.Reason} }

func (a *app) placeReport(line placeLine, err error) error {
	line.Outcome, line.ExitCode = verifyOutcome(err), exitCode(err)
	if err != nil && !errors.Is(err, errMissing) {
		d := describe(err, a.redact)
		line.Error = &d
		a.complain(err)
	}
	a.print.JSON(line)
	n := line.Items
	if line.Error != nil && n.Total == 0 {
		return reported(err)
	}
	fmt.Fprintf(a.result(), "%s: %d in all: %d verified, %d missing, %d changed, in %s\n", cell(line.To),
		n.Total, n.Verified, n.Missing, n.Changed, duration(time.Duration(line.Seconds*float64(time.Second))))
	if n.Missing > 0 {
		fmt.Fprintln(a.result(), "What is missing is carried again by the same sync.")
	}
	return reported(err)
}
