package cli

import (
	"fmt"
	"io"
	"time"

	"github.com/gondola-sync/gondola/internal/human"
	"github.com/gondola-sync/gondola/progress"
	"github.com/gondola-sync/gondola/state"
)

// plainEvery is how often a run without a terminal says how far it is.
const plainEvery = 30 * time.Second

// plain shows a run as lines of text.
type plain struct {
	out     io.Writer
	verbose bool // a line per item too
	redact  func(string) string
	now     func() time.Time
	silent  bool // no progress lines: something else shows them
	last    time.Time
	why     string // a stage failed, said already
}

func (t *plain) event(e progress.Event) {
	switch e := e.(type) {
	case progress.Stage:
		t.stage(e)
	case progress.Item:
		t.item(e)
	case progress.Wait:
		fmt.Fprintln(t.out, t.redact(cell(waiting(e, t.now()))))
	case progress.Notice:
		fmt.Fprintln(t.out, t.redact(cell(e.Text)))
	}
}

func (t *plain) stage(e progress.Stage) {
	line := fmt.Sprintf("%s: %s", e.Stage, e.Status)
	if e.Fault != nil {
		if why := t.redact(oneLine(e.Fault.Message)); why != t.why {
			t.why = why
			line += ": " + why
		}
	}
	fmt.Fprintln(t.out, line)
}

func (t *plain) item(e progress.Item) {
	switch {
	case e.Status == state.Failed && e.Fault != nil:
		fmt.Fprintf(t.out, "failed: %s: %s\n", cell(e.Name), t.redact(withoutName(e.Fault.Message, e.Name)))
	case !t.verbose:
	case e.Status == state.Skipped && e.Fault != nil:
		fmt.Fprintf(t.out, "skipped: %s: %s\n", cell(e.Name), cell(e.Fault.Message))
	case e.Stage == state.Transfer && e.Status == state.Completed:
		fmt.Fprintf(t.out, "carried: %s (%s)\n", cell(e.Name), size(e.Bytes))
	case e.Stage == state.Transfer && e.Status == state.Pending:
		fmt.Fprintf(t.out, "sent back: %s: the destination does not accept its upload any more; it is transferred again\n", cell(e.Name))
	case e.Stage == state.Create && e.Status == state.Completed:
		fmt.Fprintf(t.out, "created: %s\n", cell(e.Name))
	}
}

func (t *plain) tick(p progress.Snapshot) {
	now := t.now()
	if t.last.IsZero() {
		t.last = now
	}
	if t.silent || now.Sub(t.last) < plainEvery {
		return
	}
	t.last = now
	fmt.Fprintln(t.out, progressText(p))
}

func (t *plain) close() {}

// progressText says in one line how far a run is.
func progressText(p progress.Snapshot) string {
	return fmt.Sprintf("%d of %s, %s of %s, down %s at %s, up %s at %s, %s%s",
		p.ItemsDone, count(p.ItemsTotal, "item"), size(p.BytesDone), size(p.BytesTotal),
		size(p.Moved.Downloaded), perSecond(p.Down), size(p.Moved.Uploaded), perSecond(p.Up),
		inFlight(p), timeLeft(p))
}

func perSecond(bytes float64) string { return size(int64(bytes)) + "/s" }

func inFlight(p progress.Snapshot) string { return fmt.Sprintf("%d in flight", len(p.InFlight)) }

// timeLeft says when everything known so far is carried at the rate of late.
func timeLeft(p progress.Snapshot) string {
	if p.Left <= 0 {
		return ""
	}
	return ", " + duration(p.Left) + " left"
}

// waiting says until when and for what.
func waiting(w progress.Wait, now time.Time) string {
	if w.Until.IsZero() {
		return "waiting: " + w.Reason
	}
	until := w.Until.Local().Format(time.TimeOnly)
	if w.Until.Sub(now) > 12*time.Hour {
		until = human.Minute(w.Until)
	}
	return fmt.Sprintf("waiting until %s (%s): %s", until, duration(max(w.Until.Sub(now), 0).Round(time.Second)), w.Reason)
}
