package cli

import (
	"errors"
	"fmt"
	"io"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/cli/render"
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
}

// doctorLine sums the findings up in JSON.
type doctorLine struct {
	Type     string `json:"type"`
	ExitCode int    `json:"exit_code"`
	OK       int    `json:"ok"`
	Notes    int    `json:"notes"`
	Warnings int    `json:"warnings"`
	Problems int    `json:"problems"`
}

func (a *app) reportFindings(findings []doctor.Finding, verdict error) {
	sum := doctorLine{
		Type: "doctor", ExitCode: exitCode(verdict),
		OK: doctor.Count(findings, doctor.OK), Notes: doctor.Count(findings, doctor.Note),
		Warnings: doctor.Count(findings, doctor.Warning), Problems: doctor.Count(findings, doctor.Problem),
	}
	switch a.print.Format {
	case render.JSON:
		for _, f := range findings {
			a.json(findingLine{"finding", f})
		}
		a.json(sum)
	case render.TSV:
		row(a.stdout, "level", "check", "what", "why", "remedy")
		for _, f := range findings {
			row(a.stdout, f.Level, f.Check, f.What, f.Why, f.Remedy)
		}
	default:
		for _, f := range findings {
			if !a.global.quiet || f.Level == doctor.Problem {
				writeFinding(a.stdout, f)
			}
		}
		if !a.global.quiet {
			fmt.Fprintf(a.stdout, "\n%s, %s, %s\n", count(sum.Problems, "problem"), count(sum.Warnings, "warning"), count(sum.Notes, "note"))
		}
	}
}

func writeFinding(w io.Writer, f doctor.Finding) {
	fmt.Fprintf(w, "%-8s %-16s %s\n", f.Level, f.Check, cell(f.What))
	if f.Why != "" {
		fmt.Fprintf(w, "%25s Why: %s\n", "", cell(f.Why))
	}
	if f.Remedy != "" {
		fmt.Fprintf(w, "%25s Do:  %s\n", "", cell(f.Remedy))
	}
}
