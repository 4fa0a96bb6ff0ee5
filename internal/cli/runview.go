package cli

import (
	"fmt"
	"io"
	"time"

	"github.com/gondola-sync/gondola/internal/human"
	"github.com/gondola-sync/gondola/internal/observe"
	"github.com/gondola-sync/gondola/progress"
	"github.com/gondola-sync/gondola/state"
)

// runLine is a run in JSON while it goes on.
type runLine struct {
	Type      string `json:"type"`
	SessionID string `json:"session_id"`
	*runObject
	text string
}

// Text implements [render.Result].
func (l runLine) Text(w io.Writer) { fmt.Fprintln(w, l.text) }

// TSV implements [render.Result]: what goes on is no row.
func (runLine) TSV(io.Writer) {}

// runObject is the run of a session by another process.
type runObject struct {
	Host  string    `json:"host"`
	PID   int       `json:"pid"`
	Since time.Time `json:"since"`
	*runProgress
}

// runProgress is what a run has stored of how far it is.
type runProgress struct {
	SeenAt     time.Time                    `json:"seen_at"`
	SecondsAgo float64                      `json:"seconds_ago"`
	Stale      bool                         `json:"stale,omitempty"` // a newer one is overdue
	BeganAt    time.Time                    `json:"began_at"`
	Stages     map[state.Stage]state.Status `json:"stages"`

	ItemsTotal  int   `json:"items_total"`
	ItemsDone   int   `json:"items_done"`
	ItemsFailed int   `json:"items_failed"`
	BytesTotal  int64 `json:"bytes_total"`
	BytesDone   int64 `json:"bytes_done"`
	Downloaded  int64 `json:"bytes_downloaded"`
	Uploaded    int64 `json:"bytes_uploaded"`
	Resent      int64 `json:"bytes_resent"`

	Down        float64        `json:"bytes_per_second_down"`
	Up          float64        `json:"bytes_per_second_up"`
	SecondsLeft float64        `json:"seconds_left,omitempty"` // 0: not known
	Paused      bool           `json:"paused,omitempty"`
	Transfers   int            `json:"transfers"` // at most at once; 0: the run finds that out
	InFlight    []transferLine `json:"in_flight"`
	Waits       []waitObject   `json:"waits"`
}

// transferLine is a file in flight.
type transferLine struct {
	Key   string    `json:"key,omitempty"`
	Name  string    `json:"name"`
	Size  int64     `json:"bytes"`      // of the file; -1: not known
	Read  int64     `json:"bytes_read"` // by this run
	Done  int64     `json:"bytes_done"` // at the destination, earlier runs included
	Down  float64   `json:"bytes_per_second_down"`
	Up    float64   `json:"bytes_per_second_up"`
	Since time.Time `json:"since"`
}

type waitObject struct {
	Reason string    `json:"reason"`
	Until  time.Time `json:"until,omitzero"`
}

// newRunObject returns a run as it is printed, or nil for none.
func newRunObject(r *observe.Run, now time.Time, redact func(string) string) *runObject {
	if r == nil {
		return nil
	}
	o := &runObject{Host: r.Holder.Host, PID: r.Holder.PID, Since: r.Holder.Since.UTC()}
	if p := r.Seen; p != nil {
		o.runProgress = &runProgress{
			SeenAt: p.At, SecondsAgo: r.Age(now).Seconds(), Stale: r.Stale(now), BeganAt: p.BeganAt, Stages: p.Stages,
			ItemsTotal: p.ItemsTotal, ItemsDone: p.ItemsDone, ItemsFailed: p.ItemsFailed,
			BytesTotal: p.BytesTotal, BytesDone: p.BytesDone,
			Downloaded: p.Moved.Downloaded, Uploaded: p.Moved.Uploaded, Resent: p.Moved.Resent,
			Down: p.Down, Up: p.Up, SecondsLeft: p.Left.Seconds(), Paused: p.Paused, Transfers: p.Transfers,
			InFlight: []transferLine{}, Waits: []waitObject{},
		}
		for _, f := range p.InFlight {
			o.InFlight = append(o.InFlight, transferLine(f))
		}
		for _, w := range currentWaits(p, now) {
			o.Waits = append(o.Waits, waitObject{redact(w.Reason), w.Until})
		}
	}
	return o
}

// currentWaits returns the waits of a snapshot that are not over.
func currentWaits(p *progress.Snapshot, now time.Time) (waits []progress.Wait) {
	for _, w := range p.Waits {
		if w.Until.IsZero() || w.Until.After(now) {
			waits = append(waits, w)
		}
	}
	return waits
}

// writeRun shows a run to a reader, below its session.
func writeRun(w io.Writer, r *observe.Run, now time.Time, redact func(string) string) {
	fmt.Fprintf(w, "Running   by process %d on %s since %s\n", r.Holder.PID, cell(r.Holder.Host), human.Time(r.Holder.Since))
	p := r.Seen
	if p == nil {
		fmt.Fprintln(w, "          it has not stored how far it is")
		return
	}
	fmt.Fprintf(w, "Progress  %d of %s, %s of %s%s\n", p.ItemsDone, count(p.ItemsTotal, "item"), size(p.BytesDone), size(p.BytesTotal), timeLeft(*p))
	fmt.Fprintf(w, "Down      %s at %s\n", size(p.Moved.Downloaded), perSecond(p.Down))
	fmt.Fprintf(w, "Up        %s at %s\n", size(p.Moved.Uploaded), perSecond(p.Up))
	if p.Paused {
		fmt.Fprintln(w, "Paused    no file starts until the run is resumed")
	}
	for _, wait := range currentWaits(p, now) {
		fmt.Fprintf(w, "Waits     %s\n", redact(cell(waiting(wait, now))))
	}
	fmt.Fprintf(w, "Seen      %s\n", seenText(r, now))
	if len(p.InFlight) > 0 {
		fmt.Fprintf(w, "\nIn flight (%d)\n", len(p.InFlight))
	}
	for _, f := range p.InFlight {
		fmt.Fprintf(w, "  %s: %s\n", cell(f.Name), transferText(f))
	}
}

// transferText says how far both legs of a file in flight are.
func transferText(f progress.Transfer) string {
	return fmt.Sprintf("read %s at %s, sent %s of %s%s at %s", size(f.Read), perSecond(f.Down), size(f.Done), size(f.Size), percent(f.Done, f.Size), perSecond(f.Up))
}

func seenText(r *observe.Run, now time.Time) string {
	if r.Stale(now) {
		return fmt.Sprintf("last seen %s ago, at %s: the process stands still, or cannot write to the store", ago(r, now), human.Time(r.Seen.At))
	}
	return human.Time(r.Seen.At)
}

func ago(r *observe.Run, now time.Time) string { return duration(r.Age(now).Truncate(time.Second)) }

// runText says in some words that a session runs, and how far it is.
func runText(r *observe.Run, now time.Time) string {
	p := r.Seen
	switch {
	case p == nil:
		return "running"
	case r.Stale(now):
		return "running, last seen " + ago(r, now) + " ago"
	case p.Paused:
		return "running, paused"
	}
	return fmt.Sprintf("running, %s of %s%s", size(p.BytesDone), size(p.BytesTotal), timeLeft(*p))
}
