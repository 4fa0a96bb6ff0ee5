package cli

import (
	"errors"
	"fmt"
	"io"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/doctor"
)

// verdictOn is the failure that the findings amount to, or nil.
func verdictOn(findings []doctor.Finding) error {
	n := doctor.Count(findings, doctor.Problem)
	switch {
	case n == 0:
		return nil
	case doctor.OnlyCredentials(findings):
		return &fault.Error{Class: fault.Session, Code: fault.Auth, Op: "doctor", Err: errors.New("credentials are missing or not accepted")}
	}
	return fmt.Errorf("doctor: %s found", count(n, "problem"))
}

type findingLine struct {
	Type string `json:"type"`
	doctor.Finding
	width int  // of the names of checks
	quiet bool // text shows problems alone
}

// doctorLine sums the findings up in JSON.
type doctorLine struct {
	Type     string `json:"type"`
	ExitCode int    `json:"exit_code"`
	OK       int    `json:"ok"`
	Notes    int    `json:"notes"`
	Warnings int    `json:"warnings"`
	Problems int    `json:"problems"`
	quiet    bool
}

func (a *app) reportFindings(findings []doctor.Finding, verdict error) {
	sum := doctorLine{
		Type: "doctor", ExitCode: exitCode(verdict),
		OK: doctor.Count(findings, doctor.OK), Notes: doctor.Count(findings, doctor.Note),
		Warnings: doctor.Count(findings, doctor.Warning), Problems: doctor.Count(findings, doctor.Problem),
		quiet: a.global.quiet,
	}
	a.print.Heading("level", "check", "what", "why", "remedy")
	width := 0
	for _, f := range findings {
		width = max(width, len(f.Check))
	}
	for _, f := range findings {
		a.print.Print(findingLine{"finding", f, width, a.global.quiet})
	}
	a.print.Print(sum)
}

// TSV implements [render.Result].
func (f findingLine) TSV(w io.Writer) { row(w, f.Level, f.Check, f.What, f.Why, f.Remedy) }

// Text implements [render.Result].
func (f findingLine) Text(w io.Writer) {
	if f.quiet && f.Level != doctor.Problem {
		return
	}
	line := func(level, check, text string) { fmt.Fprintf(w, "%-7s  %-*s  %s\n", level, f.width, check, text) }
	line(string(f.Level), f.Check, cell(f.What))
	if f.Why != "" {
		line("", "", "Why: "+cell(f.Why))
	}
	if f.Remedy != "" {
		line("", "", "Do:  "+cell(f.Remedy))
	}
}

// TSV implements [render.Result]: a sum is no row.
func (doctorLine) TSV(io.Writer) {}

// Text implements [render.Result].
func (l doctorLine) Text(w io.Writer) {
	if !l.quiet {
		fmt.Fprintf(w, "\n%s, %s, %s\n", count(l.Problems, "problem"), count(l.Warnings, "warning"), count(l.Notes, "note"))
	}
}
