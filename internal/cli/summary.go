package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/state"
)

// namedAtMost is how many failures and skips a summary names each.
const namedAtMost = 50

// report is what a run has come to.
type report struct {
	summary   *gondola.Summary // nil if no session was opened
	from, to  string
	sessionID string
	err       error
	backend   state.Backend // nil if it could not be opened
	retry     string        // the command that goes on
	onStore   string        // flags that name the store, as a command line goes on
}

// summaryLine is the last line of a run in JSON.
type summaryLine struct {
	Type      string           `json:"type"`
	SessionID string           `json:"session_id"`
	From      string           `json:"from"`
	To        string           `json:"to"`
	Outcome   gondola.Outcome  `json:"outcome"`
	ExitCode  int              `json:"exit_code"`
	Items     itemCounts       `json:"items"`
	Remarks   int              `json:"remarks,omitempty"`
	Warnings  []string         `json:"warnings,omitempty"`
	Bytes     byteCounts       `json:"bytes"`
	Requests  map[string]int64 `json:"requests"`
	Seconds   secondCounts     `json:"seconds"`
	Error     *errorObject     `json:"error,omitempty"`
	Retry     string           `json:"retry,omitempty"`
	Account   string           `json:"account,omitempty"` // of the destination
}

type itemCounts struct {
	Total        int `json:"total"`
	Created      int `json:"created"`
	AlreadyThere int `json:"already_there"`
	Skipped      int `json:"skipped"`
	Failed       int `json:"failed"`
	Pending      int `json:"pending"`
}

func countsOf(c state.Counts) itemCounts {
	return itemCounts{
		Total:        c.Total,
		Created:      c.Outcomes[state.OutcomeCreated],
		AlreadyThere: c.Outcomes[state.OutcomeAlreadyThere],
		Skipped:      c.Outcomes[state.OutcomeSkipped],
		Failed:       c.Outcomes[state.OutcomeFailed],
		Pending:      c.Outcomes[state.OutcomePending],
	}
}

func (c itemCounts) String() string {
	return fmt.Sprintf("%d in all: %d created, %d already there, %d skipped, %d failed, %d pending",
		c.Total, c.Created, c.AlreadyThere, c.Skipped, c.Failed, c.Pending)
}

type byteCounts struct {
	Downloaded int64 `json:"downloaded"`
	Uploaded   int64 `json:"uploaded"`
	Resent     int64 `json:"resent"`
}

type secondCounts struct {
	Wall        float64 `json:"wall"`
	Downloading float64 `json:"downloading"`
	Uploading   float64 `json:"uploading"`
}

func (r report) line(redact func(string) string) summaryLine {
	line := summaryLine{
		Type: "summary", SessionID: r.sessionID, From: r.from, To: r.to,
		Outcome: outcomeOf(r.err), ExitCode: exitCode(r.err),
		Requests: map[string]int64{},
	}
	for _, kind := range known.Meters() {
		line.Requests[kind] = 0
	}
	if s := r.summary; s != nil {
		line.SessionID = s.SessionID
		line.Account = s.Account
		line.Items = countsOf(s.Items)
		line.Remarks = s.Remarks
		for _, text := range s.Warnings {
			line.Warnings = append(line.Warnings, redact(text))
		}
		line.Bytes = byteCounts{s.Moved.Downloaded, s.Moved.Uploaded, s.Moved.Resent}
		line.Seconds = secondCounts{s.Moved.Wall.Seconds(), s.Moved.Downloading.Seconds(), s.Moved.Uploading.Seconds()}
		for kind, n := range s.Requests {
			line.Requests[kind] = n
		}
	}
	if r.err != nil {
		line.Retry = r.retry
		if !errors.Is(r.err, errPartial) {
			d := describe(r.err, redact)
			line.Error = &d
		}
	}
	return line
}

// outcomeOf says in a word how a run ended, in accord with its exit code.
func outcomeOf(err error) gondola.Outcome {
	switch exitCode(err) {
	case exitDone:
		return gondola.OutcomeComplete
	case exitPartial:
		return gondola.OutcomePartial
	case exitAuth:
		return gondola.OutcomeAuth
	case exitQuota:
		return gondola.OutcomeQuota
	case exitInterrupted:
		return gondola.OutcomeInterrupted
	}
	return gondola.OutcomeFailed
}

// outcomeText says the same in a sentence, of a session of so many items.
func outcomeText(o gondola.Outcome, items int, failure *errorObject) string {
	switch o {
	case gondola.OutcomeComplete:
		if items == 0 {
			return "complete: nothing there was captured in this window, or nothing that is asked for"
		}
		return "complete: everything asked for is at the destination, or skipped for the reason given"
	case gondola.OutcomePartial:
		return "partial: finished, but some items failed"
	case gondola.OutcomeAuth:
		return "stopped: credentials are missing, expired or insufficient; everything achieved is saved"
	case gondola.OutcomeQuota:
		return "stopped: quota or storage is exhausted; everything achieved is saved"
	case gondola.OutcomeInterrupted:
		return "interrupted: everything achieved is saved"
	}
	if failure == nil {
		return "failed"
	}
	return "failed: " + oneLine(failure.Message)
}

// writeText writes the summary of an opened session as text.
func (r report) writeText(ctx context.Context, w io.Writer, redact func(string) string) {
	line := r.line(redact)
	moved := r.summary.Moved
	fmt.Fprintf(w, "\nSession   %s (%s to %s)\n", cell(line.SessionID), line.From, line.To)
	writeAccount(w, line.Account)
	fmt.Fprintf(w, "Items     %s\n", line.Items)
	fmt.Fprintf(w, "Bytes     %s downloaded, %s uploaded, %s sent again\n",
		size(line.Bytes.Downloaded), size(line.Bytes.Uploaded), size(line.Bytes.Resent))
	fmt.Fprintf(w, "Time      %s; down at %s, up at %s\n", duration(moved.Wall),
		speed(moved.Downloaded, moved.Downloading), speed(moved.Uploaded, moved.Uploading))
	fmt.Fprintf(w, "Requests  %s\n", requestText(line.Requests))
	writeNames(ctx, w, r.backend, line.SessionID, quoted(line.SessionID)+r.onStore, line.Items, line.Remarks, redact)
	for _, text := range line.Warnings {
		fmt.Fprintf(w, "\nWarning: %s\n", text)
	}
	fmt.Fprintf(w, "\n%s\n", outcomeText(line.Outcome, line.Items.Total, line.Error))
	if line.Retry != "" {
		fmt.Fprintf(w, "To go on: %s\n", line.Retry)
	}
}

// writeAccount names the account that the media go to, if it is known.
func writeAccount(w io.Writer, account string) {
	if account != "" {
		fmt.Fprintf(w, "Account   %s\n", cell(account))
	}
}

func requestText(requests map[string]int64) string {
	var parts []string
	for _, kind := range sortedKinds(requests) {
		parts = append(parts, fmt.Sprintf("%d %s", requests[kind], kind))
	}
	return strings.Join(parts, ", ")
}

// sortedKinds lists the known kinds first, then others by name.
func sortedKinds(requests map[string]int64) []string {
	kinds := known.Meters()
	var others []string
	for kind := range requests {
		if !slices.Contains(kinds, kind) {
			others = append(others, kind)
		}
	}
	slices.Sort(others)
	return append(kinds, others...)
}

// writeNames names the failures and skips with their reasons, and the items of
// which there are remarks, so many at least. where are the words of a command line
// that lead to the session.
func writeNames(ctx context.Context, w io.Writer, backend state.Backend, session, where string, c itemCounts, remarks int, redact func(string) string) {
	show := "sessions show " + where + " --outcome "
	for _, l := range []list{
		{title: "Failed", outcome: state.OutcomeFailed, why: reason, total: c.Failed, all: show + "failed"},
		{title: "Skipped", outcome: state.OutcomeSkipped, why: reason, total: c.Skipped, all: show + "skipped"},
		{title: "Remarks", outcome: state.OutcomeCreated, why: (*state.Item).Remark, total: remarks, all: "verify " + where},
	} {
		if l.total == 0 {
			continue
		}
		err := l.read(ctx, backend, session, redact)
		l.write(w)
		if err != nil {
			fmt.Fprintf(w, "\nThe list of failures cannot be read: %s\n", redact(err.Error()))
			return
		}
	}
}

// list names items of an outcome with their reasons, the first namedAtMost of
// them.
type list struct {
	title   string
	outcome state.Outcome
	why     func(*state.Item) string
	total   int
	all     string // what shows all of them, after the program's name
	lines   []string
	whole   bool // the session holds no others
}

// read reads the items that are named.
func (l *list) read(ctx context.Context, backend state.Backend, session string, redact func(string) string) error {
	for it, err := range backend.Items(ctx, session, state.Query{Outcome: l.outcome}) {
		if err != nil {
			return err
		}
		if why := l.why(it); why != "" || l.outcome != state.OutcomeCreated {
			l.lines = append(l.lines, fmt.Sprintf("  %s: %s", cell(it.Name), redact(cell(withoutName(why, it.Name)))))
		}
		if len(l.lines) == min(l.total, namedAtMost) {
			return nil
		}
	}
	l.whole = true
	return nil
}

func (l *list) write(w io.Writer) {
	fmt.Fprintf(w, "\n%s (%d)\n", l.title, l.total)
	for _, line := range l.lines {
		fmt.Fprintln(w, line)
	}
	switch more := l.total - len(l.lines); {
	case more <= 0:
	case l.whole && l.outcome == state.OutcomeFailed: // a listing counts what it could not read, of which no item is stored
		fmt.Fprintf(w, "  %d at the source that could not be read: see the warning\n", more)
	default:
		fmt.Fprintf(w, "  … and %d more: gondola %s\n", more, l.all)
	}
}

// reason says why an item failed or is skipped.
func reason(it *state.Item) string {
	if it.Refusal != nil {
		return it.Refusal.Reason
	}
	if record := it.Failure(); record != nil {
		return record.Message
	}
	return ""
}
