package cli

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/internal/cli/render"
)

// verifiedLine is what a verification found of an item, in JSON.
type verifiedLine struct {
	Type          string          `json:"type"`
	Key           string          `json:"key"`
	Name          string          `json:"name"`
	Status        gondola.Verdict `json:"status"`
	Reason        string          `json:"reason,omitempty"`
	DestinationID string          `json:"destination_id,omitempty"`
	Bytes         int64           `json:"bytes"`
	SHA256        string          `json:"sha256,omitempty"`
	VerifiedAt    time.Time       `json:"verified_at,omitzero"`
}

// verificationLine is the last line of a verification in JSON.
type verificationLine struct {
	Type      string           `json:"type"`
	SessionID string           `json:"session_id"`
	From      string           `json:"from"`
	To        string           `json:"to"`
	Outcome   string           `json:"outcome"`
	ExitCode  int              `json:"exit_code"`
	Items     verdictCounts    `json:"items"`
	Listed    bool             `json:"listed"` // the source was listed to a proven end
	Requests  map[string]int64 `json:"requests"`
	Seconds   float64          `json:"seconds"`
	Error     *errorObject     `json:"error,omitempty"`
	Retry     string           `json:"retry,omitempty"`
	Account   string           `json:"account,omitempty"` // of the destination
}

type verdictCounts struct {
	Total      int `json:"total"`
	Verified   int `json:"verified"`
	Missing    int `json:"missing"`
	Failed     int `json:"failed"`
	Changed    int `json:"changed,omitempty"`
	Processing int `json:"processing"`
	Unproven   int `json:"unproven"`
	Pending    int `json:"pending"`
	Skipped    int `json:"skipped"`
}

func verdictsOf(v *gondola.Verification) verdictCounts {
	n := v.Items
	return verdictCounts{
		Total: v.Total, Verified: n[gondola.VerdictVerified], Missing: n[gondola.VerdictMissing], Failed: n[gondola.VerdictUnusable], Changed: n[gondola.VerdictAltered],
		Processing: n[gondola.VerdictProcessing], Unproven: n[gondola.VerdictUnproven], Pending: n[gondola.VerdictPending], Skipped: n[gondola.VerdictSkipped],
	}
}

// verdictTitles are the verdicts that are shown item by item.
var verdictTitles = []struct {
	verdict     gondola.Verdict
	title, then string
}{
	{gondola.VerdictMissing, "Missing", "each is carried again by the next sync"},
	{gondola.VerdictUnusable, "Failed", "delete each at the destination and verify again to have it carried once more"},
	{gondola.VerdictAltered, "Changed", "each stays as it is: move it away to have it carried again"},
	{gondola.VerdictProcessing, "Processing", "verify again later"},
	{gondola.VerdictUnproven, "Unproven", "a sync of the same window under a new --session-id carries each once more; what is there is not doubled"},
	{gondola.VerdictPending, "Pending", "the next sync goes on with each"},
	{gondola.VerdictSkipped, "Skipped", ""},
	{gondola.VerdictVerified, "Remarks", ""}, // of those that have one
}

// verdictList names items of one verdict, the first namedAtMost of them.
type verdictList struct {
	total int
	lines []string
}

func (l *verdictList) add(line string) {
	if l.total++; l.total <= namedAtMost {
		l.lines = append(l.lines, line)
	}
}

func (l *verdictList) write(w io.Writer, title, then, all string) {
	if l.total == 0 {
		return
	}
	if then != "" {
		then = ": " + then
	}
	fmt.Fprintf(w, "\n%s (%d)%s\n", title, l.total, then)
	for _, line := range l.lines {
		fmt.Fprintln(w, "  "+line)
	}
	if more := l.total - len(l.lines); more > 0 {
		fmt.Fprintf(w, "  … and %d more: %s names them all\n", more, all)
	}
}

// verifyView shows a verification.
type verifyView struct {
	a     *app
	rows  *render.Rows // the items; text names some of them at the end
	out   io.Writer    // for text
	lists map[gondola.Verdict]*verdictList
	seen  int
	shown time.Time // when progress was shown last
}

// newVerifyView returns a view; stdoutTaken says that standard output belongs to
// the manifest.
func newVerifyView(a *app, stdoutTaken bool) *verifyView {
	v := &verifyView{a: a, out: a.result(), lists: map[gondola.Verdict]*verdictList{}, shown: a.now()}
	if stdoutTaken {
		v.out = a.talk()
	}
	for _, t := range verdictTitles {
		v.lists[t.verdict] = &verdictList{}
	}
	v.rows = a.print.Rows(render.Table{TSV: []string{"file_name", "status", "destination_id", "reason"}, To: io.Discard})
	return v
}

func (v *verifyView) item(it gondola.VerifiedItem) {
	v.seen++
	good := it.Verdict == gondola.VerdictVerified || it.Verdict == gondola.VerdictSkipped
	telling := it.Verdict != gondola.VerdictVerified || it.Item.Remark() != ""
	if l := v.lists[it.Verdict]; l != nil && telling {
		l.add(cell(it.Item.Name) + ": " + v.a.redact(cell(it.Reason)))
	}
	if line := v.line(it); good && it.Item.Remark() == "" {
		v.rows.AddMinor(line)
	} else {
		v.rows.Add(line)
	}
	v.progress(it)
}

// Cells implements [render.Row].
func (l verifiedLine) Cells() []any { return []any{l.Name, l.Status, l.DestinationID, l.Reason} }

// Texts implements [render.Row].
func (l verifiedLine) Texts() []any { return nil }

func (v *verifyView) progress(it gondola.VerifiedItem) {
	const every, some = 5 * time.Second, 100
	switch now := v.a.now(); {
	case v.a.global.verbose:
		text := string(it.Verdict) + ": " + cell(it.Item.Name)
		if it.Reason != "" {
			text += ": " + v.a.redact(cell(it.Reason))
		}
		fmt.Fprintln(v.a.talk(), text)
	case v.seen%some == 0 && now.Sub(v.shown) >= every:
		v.shown = now
		fmt.Fprintln(v.a.talk(), "looked at "+count(v.seen, "item"))
	}
}

func (v *verifyView) line(it gondola.VerifiedItem) verifiedLine {
	l := verifiedLine{
		Type: "verified", Key: itemKey(&it.Item), Name: it.Item.Name, Status: it.Verdict, Reason: v.a.redact(it.Reason),
		DestinationID: it.Item.DestinationID, Bytes: itemBytes(&it.Item), SHA256: it.Item.SHA256,
	}
	if it.Verdict == gondola.VerdictVerified {
		l.VerifiedAt = it.At
	}
	return l
}

// report writes what the verification came to and returns its failure, marked as reported.
func (v *verifyView) report(found *gondola.Verification, err error, took time.Duration) error {
	line := verificationLine{
		Type: "verification", SessionID: found.SessionID, From: found.From, To: found.To, Account: found.Account,
		Outcome: verifyOutcome(err), ExitCode: exitCode(err),
		Items: verdictsOf(found), Listed: found.Listed, Requests: found.Requests, Seconds: took.Seconds(),
	}
	if line.Items.Missing+line.Items.Pending > 0 || !found.Listed {
		line.Retry = "gondola sync --session-id " + quoted(found.SessionID) + v.a.onStore
	}
	if err != nil && !errors.Is(err, errMissing) {
		d := describe(err, v.a.redact)
		line.Error = &d
		v.a.complain(err)
	}
	v.a.print.JSON(line)
	v.text(line)
	return reported(err)
}

func verifyOutcome(err error) string {
	switch {
	case err == nil:
		return "proven"
	case exitCode(err) == exitMissing:
		return "missing"
	}
	return string(outcomeOf(err))
}

func (v *verifyView) text(l verificationLine) {
	fmt.Fprintf(v.out, "\nSession   %s (%s to %s)\n", cell(l.SessionID), l.From, l.To)
	writeAccount(v.out, l.Account)
	fmt.Fprintf(v.out, "Items     %s\n", l.Items)
	fmt.Fprintf(v.out, "Requests  %s in %s\n", verifyRequests(l.Requests), duration(time.Duration(l.Seconds*float64(time.Second))))
	for _, t := range verdictTitles {
		v.lists[t.verdict].write(v.out, t.title, t.then, "--manifest")
	}
	fmt.Fprintf(v.out, "\n%s\n", verifyText(l))
	if l.Retry != "" {
		fmt.Fprintf(v.out, "To correct it: run the same sync again, or %s\n", l.Retry)
	}
}

func verifyRequests(requests map[string]int64) string {
	var n int64
	for _, of := range requests {
		n += of
	}
	return fmt.Sprint(n)
}

// verifyText says in a sentence how a verification ended.
func verifyText(l verificationLine) string {
	switch {
	case l.ExitCode == exitDone && l.Items.Skipped > 0:
		return "proved: every item is at the destination, or skipped for the reason given"
	case l.ExitCode == exitDone:
		return "proved: every item is at the destination"
	case l.ExitCode != exitMissing:
		return outcomeText(gondola.Outcome(l.Outcome), l.Items.Total, l.Error)
	case !l.Listed:
		return "not proved: the source was not listed to its end, so there may be more than these items"
	}
	return fmt.Sprintf("not proved: %d of %s", l.Items.Total-l.Items.Verified-l.Items.Skipped, count(l.Items.Total, "item"))
}

// String names the verdicts that occur.
func (c verdictCounts) String() string {
	parts := []string{fmt.Sprintf("%d verified", c.Verified)}
	for _, p := range []struct {
		n    int
		what gondola.Verdict
	}{{c.Missing, gondola.VerdictMissing}, {c.Failed, gondola.VerdictUnusable}, {c.Changed, gondola.VerdictAltered}, {c.Processing, gondola.VerdictProcessing},
		{c.Unproven, gondola.VerdictUnproven}, {c.Pending, gondola.VerdictPending}, {c.Skipped, gondola.VerdictSkipped}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.what))
		}
	}
	return fmt.Sprintf("%d in all: %s", c.Total, strings.Join(parts, ", "))
}
