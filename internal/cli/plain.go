package cli

import (
	"fmt"
	"io"
	"time"

	"github.com/gondola-sync/gondola"
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
	why     string // a stage failed, told already
}

func (t *plain) event(e gondola.Event) {
	switch e := e.(type) {
	case gondola.StageEvent:
		t.stage(e)
	case gondola.ItemEvent:
		t.item(e)
	case gondola.WaitEvent:
		fmt.Fprintln(t.out, t.redact(cell(waiting(e, t.now()))))
	case gondola.NoticeEvent:
		fmt.Fprintln(t.out, t.redact(cell(e.Text)))
	}
}

func (t *plain) stage(e gondola.StageEvent) {
	line := fmt.Sprintf("%s: %s", e.Stage, e.Status)
	if e.Err != nil {
		if why := t.redact(e.Err.Error()); why != t.why {
			t.why = why
			line += ": " + why
		}
	}
	fmt.Fprintln(t.out, line)
}

func (t *plain) item(e gondola.ItemEvent) {
	switch {
	case e.Status == state.Failed && e.Err != nil:
		fmt.Fprintf(t.out, "failed: %s: %s\n", cell(e.Item.Name), t.redact(withoutName(e.Err.Error(), e.Item.Name)))
	case !t.verbose:
	case e.Status == state.Skipped && e.Item.Refusal != nil:
		fmt.Fprintf(t.out, "skipped: %s: %s\n", cell(e.Item.Name), cell(e.Item.Refusal.Reason))
	case e.Stage == state.Transfer && e.Status == state.Completed:
		fmt.Fprintf(t.out, "carried: %s (%s)\n", cell(e.Item.Name), size(itemBytes(&e.Item)))
	case e.Stage == state.Create && e.Status == state.Completed:
		fmt.Fprintf(t.out, "created: %s\n", cell(e.Item.Name))
	}
}

func (t *plain) tick(p pulse) {
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
func progressText(p pulse) string {
	return fmt.Sprintf("%d of %s, %s of %s, down %s at %s, up %s at %s, %s%s",
		p.ItemsDone, count(p.ItemsTotal, "item"), size(p.BytesDone), size(p.BytesTotal),
		size(p.Downloaded), perSecond(p.Down), size(p.Uploaded), perSecond(p.Speed),
		inFlight(p), timeLeft(p))
}

func perSecond(bytes float64) string { return size(int64(bytes)) + "/s" }

func inFlight(p pulse) string { return fmt.Sprintf("%d in flight", len(p.InFlight)) }

// timeLeft guesses when everything known so far is carried.
func timeLeft(p pulse) string {
	rest := p.BytesTotal - p.BytesDone
	if p.Speed < 1 || rest <= 0 {
		return ""
	}
	left := time.Duration(float64(rest) / p.Speed * float64(time.Second))
	return ", " + duration(left.Round(time.Second)) + " left"
}

// waiting says until when and for what.
func waiting(w gondola.WaitEvent, now time.Time) string {
	if w.Until.IsZero() {
		return "waiting: " + w.Reason
	}
	until := w.Until.Local().Format(time.TimeOnly)
	if w.Until.Sub(now) > 12*time.Hour {
		until = w.Until.Local().Format("2006-01-02 15:04")
	}
	return fmt.Sprintf("waiting until %s (%s): %s", until, duration(max(w.Until.Sub(now), 0).Round(time.Second)), w.Reason)
}
