package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/gondola-sync/gondola/internal/cli/render"
	"github.com/gondola-sync/gondola/internal/human"
	"github.com/gondola-sync/gondola/internal/observe"
	"github.com/gondola-sync/gondola/progress"
	"github.com/gondola-sync/gondola/state"
)

// itemStatus shows one item of a session.
func (a *app) itemStatus(ctx context.Context, backend state.Backend, id, name string) error {
	s, err := a.session(ctx, backend, id)
	if err != nil {
		return err
	}
	it, err := a.findItem(ctx, backend, id, name)
	if err != nil {
		return err
	}
	life := newItemLife(s, it, a.redact)
	if err := a.addHistory(ctx, backend, it, &life); err != nil {
		return err
	}
	entry, err := backend.Recall(ctx, s.Account, it.LedgerKey())
	switch {
	case err == nil:
		life.Ledger = &ledgerLine{entry.DestinationID, entry.Session, entry.At.UTC()}
	case !errors.Is(err, state.ErrNotFound):
		return err
	}
	a.print.Print(life)
	return nil
}

// addHistory adds what the journal holds of the item, and its transfer if it is in
// flight.
func (a *app) addHistory(ctx context.Context, backend state.Backend, it *state.Item, life *itemLife) error {
	entries, err := observe.Timeline(ctx, backend, life.SessionID, it)
	if err != nil {
		return err
	}
	for _, e := range entries {
		life.Timeline = append(life.Timeline, newTransition(e, a.redact))
	}
	run, err := observe.Find(ctx, backend, life.SessionID)
	if err != nil || run == nil || run.Seen == nil || run.Stale(a.now()) {
		return err
	}
	for _, f := range run.Seen.InFlight {
		if f.Key == it.ID.Key() && f.Name == it.Name {
			line := transferLine(f)
			life.InFlight = &line
		}
	}
	return nil
}

// findItem returns the item that is named by its key or its name. A name that
// nothing has exactly is also looked for in any case, and by its LegacyName
// or as the source's id of the medium.
func (a *app) findItem(ctx context.Context, backend state.Backend, session, name string) (*state.Item, error) {
	it, err := backend.Item(ctx, session, name)
	if errors.Is(err, state.ErrNotFound) {
		it, err = backend.ItemNamed(ctx, session, name)
	}
	if !errors.Is(err, state.ErrNotFound) {
		return it, err
	}
	const most = 10
	var like []*state.Item
	more := 0
	for it, err := range backend.Items(ctx, session, state.Query{}) {
		switch {
		case err != nil:
			return nil, err
		case !strings.EqualFold(it.Name, name) && !strings.EqualFold(it.LegacyName, name) && it.ID.Medium != name:
		case len(like) < most:
			like = append(like, it)
		default:
			more++
		}
	}
	switch len(like) {
	case 0:
		return nil, fmt.Errorf("session %s has no item %q; gondola sessions show %s lists those it has", session, name, quoted(session)+a.onStore)
	case 1:
		return like[0], nil
	}
	return nil, ambiguous(name, like, more)
}

func ambiguous(name string, like []*state.Item, more int) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%q may be any of these; give one of their names or keys:", name)
	for _, it := range like {
		fmt.Fprintf(&b, "\n  %s  %s", cell(it.Name), itemKey(it))
	}
	if more > 0 {
		fmt.Fprintf(&b, "\n  … and %d more", more)
	}
	return errors.New(b.String())
}

// itemLife is all that is known of an item, in JSON. It holds no credential.
type itemLife struct {
	sessionItemLine
	SessionID    string                      `json:"session_id"`
	Station      string                      `json:"station,omitempty"`
	Medium       string                      `json:"medium,omitempty"`
	Part         int                         `json:"part,omitempty"`
	Label        string                      `json:"label,omitempty"`
	LegacyName   string                      `json:"legacy_name,omitempty"`
	SourceType   string                      `json:"source_type,omitempty"`
	Camera       string                      `json:"camera,omitempty"`
	Width        int                         `json:"width,omitempty"`
	Height       int                         `json:"height,omitempty"`
	Size         int64                       `json:"size"` // bytes; -1: not known
	CreatedAt    time.Time                   `json:"created_at,omitzero"`
	AlreadyThere bool                        `json:"already_there,omitempty"`
	CarriedAgain int                         `json:"carried_again,omitempty"`
	CarriedAt    time.Time                   `json:"carried_at,omitzero"`
	RegisteredAt time.Time                   `json:"registered_at,omitzero"`
	VerifiedAt   time.Time                   `json:"verified_at,omitzero"`
	MissedAt     time.Time                   `json:"missed_at,omitzero"`
	Upload       *uploadLine                 `json:"upload,omitempty"`  // interrupted
	Receipt      *receiptLine                `json:"receipt,omitempty"` // of an upload that is not registered yet
	Errors       map[state.Stage]failureLine `json:"errors,omitempty"`
	Ledger       *ledgerLine                 `json:"ledger,omitempty"`
	Timeline     []transition                `json:"timeline,omitempty"`  // from the journal
	InFlight     *transferLine               `json:"in_flight,omitempty"` // being transferred now
}

// transition is what happened to an item at a time.
type transition struct {
	At     time.Time        `json:"at"`
	Stage  state.Stage      `json:"stage"`
	Status state.Status     `json:"status"`
	Bytes  int64            `json:"bytes"`
	Error  *transitionError `json:"error,omitempty"`
}

type transitionError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

func newTransition(e state.JournalEntry, redact func(string) string) transition {
	t := transition{At: e.At.UTC(), Stage: e.Stage, Status: e.Status, Bytes: e.Bytes}
	if e.Code != "" || e.Message != "" {
		t.Error = &transitionError{e.Code, redact(e.Message)}
	}
	return t
}

type uploadLine struct {
	Size      int64     `json:"size"`
	Confirmed int64     `json:"confirmed"`
	Hashed    int64     `json:"hashed"`
	StartedAt time.Time `json:"started_at,omitzero"`
}

type receiptLine struct {
	Size int64     `json:"size"`
	At   time.Time `json:"at,omitzero"`
}

type failureLine struct {
	errorObject
	Attempt int       `json:"attempt"`
	At      time.Time `json:"at,omitzero"`
}

type ledgerLine struct {
	DestinationID string    `json:"destination_id"`
	SessionID     string    `json:"session_id"`
	At            time.Time `json:"at"`
}

func newItemLife(s *state.Session, it *state.Item, redact func(string) string) itemLife {
	l := itemLife{
		sessionItemLine: newSessionItemLine(it, redact), SessionID: s.ID,
		Station: it.ID.Station, Medium: it.ID.Medium, Part: it.ID.Part, Label: it.ID.Label,
		LegacyName: it.LegacyName, SourceType: it.Type, Camera: it.Camera, Width: it.Width, Height: it.Height, Size: it.Size,
		CreatedAt: it.CreatedAt.UTC(), AlreadyThere: it.AlreadyThere, CarriedAgain: it.CarriedAgain,
		CarriedAt: it.CarriedAt.UTC(), RegisteredAt: it.RegisteredAt.UTC(), MissedAt: it.MissedAt.UTC(),
	}
	if it.DestinationID != "" && it.Awaits() == "" && s.VerifiedAt.After(it.RegisteredAt) {
		l.VerifiedAt = s.VerifiedAt.UTC()
	}
	if c := it.Checkpoint; c != nil {
		l.Upload = &uploadLine{c.Size, c.Confirmed, c.HashAt, c.StartedAt.UTC()}
	}
	if r := it.Receipt; r != nil {
		l.Receipt = &receiptLine{r.Size, r.At.UTC()}
	}
	for stage, e := range it.Errors {
		if l.Errors == nil {
			l.Errors = map[state.Stage]failureLine{}
		}
		l.Errors[stage] = failureLine{errorObject{Class: e.Class, Code: e.Type, Message: redact(e.Message)}, e.Attempt, e.At.UTC()}
	}
	return l
}

// TSV implements [render.Result].
func (l itemLife) TSV(w io.Writer) {
	render.Names(w, itemTable.TSV)
	row(w, l.Name, l.Discovery, l.Transfer, l.Create)
}

// Text implements [render.Result].
func (l itemLife) Text(w io.Writer) {
	row := func(title, text string) {
		if text != "" {
			fmt.Fprintf(w, "%-11s %s\n", title, cell(text))
		}
	}
	row("Item", l.Name)
	row("Session", l.SessionID)
	row("Identity", l.identity())
	row("Captured", human.Time(l.CapturedAt))
	row("Stored", human.Time(l.CreatedAt))
	row("Format", l.formatText())
	row("Size", size(l.Size))
	row("Stages", fmt.Sprintf("discovery %s, transfer %s, create %s", l.Discovery, l.Transfer, l.Create))
	row("Outcome", l.outcomeText())
	if l.Upload != nil {
		row("Upload", fmt.Sprintf("%s of %s confirmed, begun %s", size(l.Upload.Confirmed), size(l.Upload.Size), human.Time(l.Upload.StartedAt)))
	}
	if l.Receipt != nil {
		row("Receipt", fmt.Sprintf("for %s, since %s", size(l.Receipt.Size), human.Time(l.Receipt.At)))
	}
	row("Carried", human.Time(l.CarriedAt))
	if l.CarriedAgain > 0 {
		row("", count(l.CarriedAgain, "upload")+" in vain")
	}
	row("Remark", l.Remark)
	row("SHA-256", l.SHA256)
	row("Registered", human.Time(l.RegisteredAt))
	row("There as", l.DestinationID)
	row("Verified", human.Time(l.VerifiedAt))
	row("Missed", human.Time(l.MissedAt))
	if l.InFlight != nil {
		row("In flight", transferText(progress.Transfer(*l.InFlight)))
	}
	for _, stage := range []state.Stage{state.Discovery, state.Transfer, state.Create} {
		if e, ok := l.Errors[stage]; ok && l.Timeline == nil {
			row("Failed", fmt.Sprintf("%s, attempt %d, %s: %s (%s)", stage, e.Attempt, human.Time(e.At), e.Message, e.Code))
		}
	}
	if l.Ledger != nil {
		row("Ledger", fmt.Sprintf("there since %s, by session %s, as %s", human.Time(l.Ledger.At), l.Ledger.SessionID, l.Ledger.DestinationID))
	}
	l.writeTimeline(w)
}

func (l itemLife) writeTimeline(w io.Writer) {
	if l.Timeline == nil {
		return
	}
	fmt.Fprint(w, "\nTimeline\n")
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for _, t := range l.Timeline {
		cells := []any{"  " + human.Time(t.At), t.Stage, t.Status, size(t.Bytes)}
		if t.Error != nil {
			cells = append(cells, fmt.Sprintf("%s (%s)", withoutName(t.Error.Message, l.Name), t.Error.Code))
		}
		row(table, cells...)
	}
	table.Flush()
}

func (l itemLife) identity() string {
	if l.Medium == "" {
		return "not known yet: the program that began the session keeps names only; the next sync finds it out"
	}
	label := ""
	if l.Label != "" {
		label = ", " + l.Label
	}
	return fmt.Sprintf("%s (medium %s, part %d%s)", l.Key, l.Medium, l.Part, label)
}

func (l itemLife) formatText() string {
	parts := []string{}
	for _, p := range []string{string(l.Kind), l.MIME, l.SourceType, l.Camera} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	if l.Width > 0 && l.Height > 0 {
		parts = append(parts, fmt.Sprintf("%d × %d", l.Width, l.Height))
	}
	return strings.Join(parts, ", ")
}

func (l itemLife) outcomeText() string {
	text := strings.ReplaceAll(string(l.Outcome), "_", " ")
	if l.Outcome == state.OutcomeSkipped && l.Error != nil {
		text += ": " + l.Error.Message
	}
	return text
}
