package cli

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/fault"
	registry "github.com/gondola-sync/gondola/internal/app"
	"github.com/gondola-sync/gondola/internal/cli/render"
	"github.com/gondola-sync/gondola/progress"
)

// Rates assumed for the estimate when no limit is given, and stated with it.
const (
	assumedRate    = 10 << 20        // bytes a second, the slower of the two lines
	assumedPerItem = time.Second / 4 // to open, upload and register an item beside its bytes
	// assumedTransfers is how many files are in flight if their number is found out.
	assumedTransfers = 8
)

type plannedLine struct {
	Type   string       `json:"type"`
	Key    string       `json:"key"`
	Name   string       `json:"name"`
	Action string       `json:"action"` // carry, skip or none
	Bytes  int64        `json:"bytes"`
	Taken  *time.Time   `json:"captured_at,omitempty"`
	Error  *errorObject `json:"error,omitempty"`

	size int64 // or media.SizeUnknown
	why  string
}

type planLine struct {
	Type         string           `json:"type"`
	SessionID    string           `json:"session_id"`
	From         string           `json:"from"`
	To           string           `json:"to"`
	Items        int              `json:"items"`
	Bytes        int64            `json:"bytes"`
	UnknownSizes int              `json:"unknown_sizes"`
	AlreadyThere int              `json:"already_there"`
	Skipped      int              `json:"skipped"`
	Skips        map[string]int   `json:"skips"`
	Requests     map[string]int64 `json:"requests"`
	Seconds      float64          `json:"estimated_seconds"`
	Rate         int64            `json:"estimated_bytes_per_second"`
	Account      string           `json:"account,omitempty"` // of the destination

	paced bool // the pace of the account is what takes the time
}

// actions of a plan.
const (
	actionCarry = "carry"
	actionSkip  = "skip"
	actionNone  = "none"
)

func action(p gondola.PlannedItem) string {
	switch {
	case p.AlreadyThere:
		return actionNone
	case p.Item.Refusal != nil:
		return actionSkip
	}
	return actionCarry
}

// plan shows what a run would do, item by item as the listing goes on. What could not
// be read is its error.
func (a *app) plan(ctx context.Context, job *registry.Job, limit int64) error {
	rows := a.print.Rows(render.Table{
		TSV:    []string{"file_name", "action", "bytes", "reason"},
		Widths: []int{5, 40, 12}, // action, name, size
		To:     a.result(),
	})
	plan, err := a.makePlan(ctx, job, rows)
	if plan == nil {
		return err
	}
	line := lineOf(plan, job.Options, limit)
	a.print.JSON(line)
	line.write(a.result(), limit)
	return err
}

// makePlan prints each item, and the notices as they come.
func (a *app) makePlan(ctx context.Context, job *registry.Job, rows *render.Rows) (*gondola.Plan, error) {
	bus := new(progress.Bus)
	notices := watch(bus, noticesOnly{a})
	defer notices.stop()
	return job.Plan(ctx, bus, func(p gondola.PlannedItem) error {
		notices.each(func(watcher) { rows.Add(newPlannedLine(p)) })
		return a.stdout.Failure()
	})
}

// noticesOnly is a watcher that shows notices.
type noticesOnly struct{ a *app }

func (n noticesOnly) event(e progress.Event) { n.a.showNotice(e) }
func (noticesOnly) tick(progress.Snapshot)   {}
func (noticesOnly) close()                   {}

func newPlannedLine(p gondola.PlannedItem) plannedLine {
	it := &p.Item
	line := plannedLine{Type: "planned", Key: it.ID.Key(), Name: it.Name, Action: action(p), Bytes: max(it.Size, 0), size: it.Size}
	if !it.CapturedAt.IsZero() {
		line.Taken = &it.CapturedAt
	}
	switch line.Action {
	case actionSkip:
		line.why = it.Refusal.Reason
		line.Error = &errorObject{Class: fault.Item, Code: it.Refusal.Code, Message: line.why}
	case actionNone:
		line.why = "already there"
	}
	return line
}

// Cells implements [render.Row].
func (l plannedLine) Cells() []any { return []any{l.Name, l.Action, l.Bytes, l.why} }

// Texts implements [render.Row].
func (l plannedLine) Texts() []any { return []any{l.Action, l.Name, size(l.size), l.why} }

func lineOf(p *gondola.Plan, o gondola.Options, limit int64) planLine {
	rate := int64(assumedRate)
	if limit > 0 {
		rate = limit
	}
	transfers := o.Transfers
	if transfers <= 0 {
		transfers = assumedTransfers
	}
	seconds := float64(p.Bytes)/float64(rate) + float64(p.Items)*assumedPerItem.Seconds()/float64(transfers)
	paced := p.Paced.Seconds() > seconds
	seconds = max(seconds, p.Paced.Seconds())
	skipped := 0
	for _, n := range p.Skips {
		skipped += n
	}
	return planLine{
		Type: "plan", SessionID: p.SessionID, From: o.Source.Name(), To: o.Destination.Name(), Account: p.Account,
		Items: p.Items, Bytes: p.Bytes, UnknownSizes: p.UnknownSizes, AlreadyThere: p.AlreadyThere,
		Skipped: skipped, Skips: p.Skips, Requests: p.Requests, Seconds: seconds, Rate: rate, paced: paced,
	}
}

func (l planLine) write(w io.Writer, limit int64) {
	fmt.Fprintf(w, "\nSession   %s (%s to %s)\n", cell(l.SessionID), l.From, l.To)
	writeAccount(w, l.Account)
	fmt.Fprintf(w, "To carry  %s\n", sized(l.Items, l.Bytes, l.UnknownSizes))
	fmt.Fprintf(w, "There     %s\n", count(l.AlreadyThere, "item"))
	fmt.Fprintf(w, "Skipped   %s\n", count(l.Skipped, "item"))
	fmt.Fprintf(w, "Requests  about %s\n", requestText(l.Requests))
	basis := fmt.Sprintf("assuming %s/s", size(l.Rate))
	switch {
	case l.paced:
		basis = "at the pace at which the account takes new items"
	case limit > 0:
		basis = fmt.Sprintf("at the limit of %s/s", size(l.Rate))
	}
	about := "about"
	if l.UnknownSizes > 0 {
		about = "more than"
	}
	took := time.Duration(l.Seconds * float64(time.Second)).Round(time.Second)
	fmt.Fprintf(w, "Time      %s %s, %s\n", about, duration(took), basis)
	fmt.Fprintln(w, "\nNothing was changed. The same command without --dry-run does it.")
}
