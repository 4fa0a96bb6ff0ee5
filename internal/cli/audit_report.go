package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	registry "github.com/gondola-sync/gondola/internal/app"
	"github.com/gondola-sync/gondola/internal/cli/render"
	"github.com/gondola-sync/gondola/internal/engine/audit"
	"github.com/gondola-sync/gondola/internal/profile"
	"github.com/gondola-sync/gondola/media"
)

// auditedLine is what an audit found of an item, in JSON.
type auditedLine struct {
	Type   string       `json:"type"`
	Key    string       `json:"key"`
	Name   string       `json:"name"`
	Bytes  *int64       `json:"bytes"` // null if unknown
	At     []string     `json:"at"`    // destinations that hold it
	Status audit.Status `json:"status"`
	Reason string       `json:"reason,omitempty"`
}

func newAuditedLine(it audit.Item, redact func(string) string) auditedLine {
	line := auditedLine{
		Type: "audit", Key: it.Item.ID.Key(), Name: it.Item.Name, At: append([]string{}, it.At...),
		Status: it.Status, Reason: redact(it.Reason),
	}
	if it.Item.Size != media.SizeUnknown {
		line.Bytes = &it.Item.Size
	}
	return line
}

// Cells implements [render.Row].
func (l auditedLine) Cells() []any {
	bytes := any("")
	if l.Bytes != nil {
		bytes = *l.Bytes
	}
	return []any{l.Key, l.Name, bytes, l.Status, l.Reason}
}

// Texts implements [render.Row].
func (auditedLine) Texts() []any { return nil }

// auditLine is the last line of an audit in JSON.
type auditLine struct {
	Type         string           `json:"type"`
	From         string           `json:"from"`
	Media        int              `json:"media"`
	Items        int              `json:"items"`
	Safe         int              `json:"safe"`
	AtRisk       int              `json:"at_risk"`
	Unknown      int              `json:"unknown"`
	ExitCode     int              `json:"exit_code"`
	Listed       bool             `json:"listed"` // the source was listed to its proven end
	Deep         bool             `json:"deep"`   // every byte in folders was read
	BytesAtRisk  int64            `json:"bytes_at_risk"`
	Destinations []auditPlaceLine `json:"destinations"`
	Warnings     []string         `json:"warnings,omitempty"`
	Requests     map[string]int64 `json:"requests"`
	Seconds      float64          `json:"seconds"`
	Error        *errorObject     `json:"error,omitempty"`

	atRisk string // bytes, in words
}

// auditPlaceLine is a destination that was looked into.
type auditPlaceLine struct {
	Name    string       `json:"name"`
	Account string       `json:"account,omitempty"`
	Asked   int          `json:"asked"`
	Found   int          `json:"found"`
	Unknown int          `json:"unknown"`
	Error   *errorObject `json:"error,omitempty"`

	takes int
}

// auditView shows an audit.
type auditView struct {
	a      *app
	source registry.URI
	deep   bool
	rows   *render.Rows // text names some of them at the end
	risk   verdictList
	notes  []string // remarks on the source and the sessions
	begun  bool     // the source and the folders of --at could be opened
	seen   int
	shown  time.Time // when progress was shown last
}

func newAuditView(a *app, source registry.URI, deep bool) *auditView {
	rows := a.print.Rows(render.Table{TSV: []string{"key", "file_name", "bytes", "status", "reason"}, To: io.Discard})
	return &auditView{a: a, source: source, deep: deep, rows: rows, shown: a.now()}
}

func (v *auditView) notice(text string) { v.notes = append(v.notes, v.a.redact(text)) }

// item shows an item: at once to programs, at the end to others.
func (v *auditView) item(it audit.Item) error {
	v.seen++
	line := newAuditedLine(it, v.a.redact)
	if it.Status == audit.AtRisk {
		v.risk.add(cell(line.Name) + ": " + cell(line.Reason))
	}
	if it.Status == audit.AtRisk || v.a.global.verbose {
		v.rows.Add(line)
	}
	v.progress(it)
	return v.a.stdout.Failure()
}

func (v *auditView) progress(it audit.Item) {
	const every = 5 * time.Second
	switch now := v.a.now(); {
	case v.a.global.verbose:
		fmt.Fprintf(v.a.talk(), "%s: %s: %s\n", it.Status, cell(it.Item.Name), v.a.redact(cell(it.Reason+strings.Join(it.At, ", "))))
	case now.Sub(v.shown) >= every:
		v.shown = now
		fmt.Fprintln(v.a.talk(), "looked for "+count(v.seen, "item"))
	}
}

// failure is why a station could not be asked.
type failure struct {
	station string
	err     error
}

// use makes messages name the login of a station's profile.
func (v *auditView) use(station string) {
	if uri, err := known.Parse(station); err == nil {
		v.a.use(profile.ID{Service: uri.Scheme, Name: uri.Profile})
	}
}

// report writes what the audit came to and returns its failure, marked as reported.
func (v *auditView) report(r *audit.Result, err error, took time.Duration) error {
	var failures []failure
	if err != nil {
		failures = append(failures, failure{v.source.String(), err})
	}
	for _, p := range r.Places {
		if p.Failed() {
			failures = append(failures, failure{p.Name, p.Err})
		}
	}
	var failed error
	for _, f := range failures {
		failed = errors.Join(failed, f.err)
	}
	ended := failed
	if err == nil && r.AtRisk > 0 {
		ended = errors.Join(failed, errMissing)
	}
	line := v.line(r, took)
	line.ExitCode = exitCode(ended)
	if failed != nil {
		v.use(failures[0].station)
		d := describe(failed, v.a.redact)
		line.Error = &d
	}
	v.a.print.JSON(line)
	v.text(line, r.AtRisk > r.Refused)
	for _, f := range failures {
		v.use(f.station)
		v.a.complain(f.err)
	}
	return reported(ended)
}

func (v *auditView) line(r *audit.Result, took time.Duration) auditLine {
	line := auditLine{
		Type: "summary", From: v.source.String(), Media: r.Media, Items: r.Items, Safe: r.Safe, AtRisk: r.AtRisk, Unknown: r.Unknown,
		Listed: r.Listed, Deep: v.deep, BytesAtRisk: r.BytesAtRisk,
		Destinations: []auditPlaceLine{}, Warnings: v.notes, Requests: r.Requests, Seconds: took.Seconds(), atRisk: size(r.BytesAtRisk),
	}
	if line.Requests == nil { // the source was not opened
		line.Requests = map[string]int64{}
	}
	if r.Unsized > 0 {
		line.atRisk = "more than " + line.atRisk
	}
	if !r.Listed { // no claim is made
		line.Safe, line.Unknown = 0, r.Items-r.AtRisk
	}
	for _, p := range r.Places {
		place := auditPlaceLine{Name: p.Name, Account: p.Account, Asked: p.Asked, Found: p.Found, Unknown: p.Unknown, takes: p.Takes}
		if p.Err != nil {
			v.use(p.Name)
			d := describe(p.Err, v.a.redact)
			place.Error = &d
		}
		line.Destinations = append(line.Destinations, place)
	}
	return line
}

// text answers first, then says what the answer rests on and what to do next. carry
// says that something is left that the source gives out.
func (v *auditView) text(l auditLine, carry bool) {
	w := v.a.result()
	if !v.begun {
		fmt.Fprintln(w, "Not proven: the audit could not begin.")
		return
	}
	fmt.Fprintf(w, "%s\n\n", v.answer(l))
	proven := "listed to its proven end"
	if !l.Listed {
		proven = "not listed to its end"
	}
	fmt.Fprintf(w, "Source        %s  %d media, %s, %s\n", cell(l.From), l.Media, count(l.Items, "item"), proven)
	title, width := "Destinations", 0
	for _, p := range l.Destinations {
		width = max(width, render.Width(cell(p.Name)))
	}
	for _, p := range l.Destinations {
		render.Columns(w, []int{len("Destinations"), width}, title, p.Name, p.text())
		title = ""
	}
	if len(l.Destinations) == 0 && l.Listed {
		fmt.Fprintf(w, "%-12s  none: no session of this store has carried anything, and --at names no folder\n", title)
	}
	for _, note := range l.Warnings {
		fmt.Fprintf(w, "\nNote: %s.\n", cell(note))
	}
	what := "no destination holds them"
	if l.AtRisk == 1 {
		what = "no destination holds it"
	}
	v.risk.write(w, "At risk", what, "-o tsv")
	for i, step := range v.next(l, carry) {
		if i == 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintln(w, step)
	}
}

func (p auditPlaceLine) text() string {
	text := count(p.Found, "item") + " found"
	switch {
	case p.Error != nil && p.Unknown == 0: // no failure of the audit, which would say why
		return text + ", then it could not be asked, which was not needed: " + cell(oneLine(p.Error.Message))
	case p.Error != nil:
		return text + ", then it could not be asked"
	case p.Asked == 0:
		return "nothing to ask for"
	}
	return text
}

// leave is what a user of the source is about to do.
func (v *auditView) leave() string {
	if v.source.Path != "" {
		return "delete " + cell(v.source.Path)
	}
	return "cancel"
}

// answer is the first line.
func (v *auditView) answer(l auditLine) string {
	switch {
	case !l.Listed:
		return "Not proven: the source was not listed to its end, so nothing can be said."
	case l.AtRisk > 0:
		are := "are"
		if l.AtRisk == 1 {
			are = "is"
		}
		return fmt.Sprintf("Not safe to %s: %d of %s (%s) %s at no destination%s.", v.leave(), l.AtRisk, count(l.Items, "item"), l.atRisk, are, l.unasked())
	case l.Unknown > 0:
		return fmt.Sprintf("Not proven safe to %s: for %d of %s, a destination could not be asked.", v.leave(), l.Unknown, count(l.Items, "item"))
	case l.Items == 0:
		return "Nothing is at the source."
	case l.Items == 1:
		return fmt.Sprintf("Safe to %s: its one item is at a destination that was asked just now.", v.leave())
	}
	return fmt.Sprintf("Safe to %s: each of %s is at a destination that was asked just now.", v.leave(), count(l.Items, "item"))
}

// unasked adds the items that may be at risk, too.
func (l auditLine) unasked() string {
	if l.Unknown == 0 {
		return ""
	}
	return fmt.Sprintf("; for %d more, a destination could not be asked", l.Unknown)
}

// next says what to do.
func (v *auditView) next(l auditLine, carry bool) (steps []string) {
	if !l.Listed { // the failure says what to do
		return nil
	}
	folder := false
	for _, p := range l.Destinations {
		uri, err := known.Parse(p.Name)
		folder = folder || err == nil && uri.Path != ""
		if p.takes > 0 && p.Error == nil {
			steps = append(steps, fmt.Sprintf("To carry %d of them: gondola sync %s %s%s", p.takes, quoted(l.From), quoted(p.Name), v.a.onStore))
		}
	}
	switch {
	case carry && !folder:
		steps = append(steps, fmt.Sprintf("A folder takes every kind of file: gondola sync %s /path/of/a/folder%s", quoted(l.From), v.a.onStore))
	case l.AtRisk+l.Unknown == 0 && folder && !v.deep:
		steps = append(steps, "Files in folders were looked at by size and time; --deep reads every byte.")
	}
	if l.Unknown > 0 {
		steps = append(steps, "See that each destination can be asked, then run the same command again; --verbose names each item.")
	}
	return steps
}
