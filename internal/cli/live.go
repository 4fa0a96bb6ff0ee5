package cli

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/gondola-sync/gondola/internal/observe"
	"github.com/gondola-sync/gondola/progress"
)

// liveFiles is how many files in flight the live display names.
const liveFiles = 6

// liveName is how many columns a name has, so that the figures after it are seen.
const liveName = 32

// live shows a run as a few lines at the bottom of a terminal that follow it.
type live struct {
	screen *screen
	redact func(string) string
	bars   *mpb.Progress
	bar    *mpb.Bar

	mu   sync.Mutex // guards what the display draws
	p    progress.Snapshot
	note string // of what keeps the run from moving, or its snapshots from coming
}

// newLive puts a live display on the screen.
func newLive(s *screen, redact func(string) string) *live {
	l := &live{screen: s, redact: redact}
	l.bars = mpb.New(mpb.WithOutput(s.out), mpb.WithRefreshRate(200*time.Millisecond), mpb.WithAutoRefresh())
	l.bar = l.bars.New(0, mpb.BarStyle().Lbound("[").Filler("=").Tip(">").Padding(" ").Rbound("]"),
		mpb.PrependDecorators(decor.Any(l.head)),
		mpb.AppendDecorators(decor.Any(l.tail)),
		mpb.BarExtender(mpb.BarFillerFunc(l.below), false),
	)
	s.attach(l.bars)
	return l
}

// event does nothing: what is shown lies in the snapshots.
func (l *live) event(progress.Event) {}

// run shows the run of another process.
func (l *live) run(r *observe.Run, now time.Time) {
	var p progress.Snapshot
	if r.Seen != nil {
		p = *r.Seen
	}
	l.mu.Lock()
	if l.note = ""; r.Seen == nil || r.Stale(now) || p.Paused {
		l.note = runText(r, now)
	}
	l.mu.Unlock()
	l.tick(p)
}

func (l *live) tick(p progress.Snapshot) {
	l.mu.Lock()
	l.p = p
	l.mu.Unlock()
	l.bar.SetTotal(max(p.BytesTotal, 1), false)
	l.bar.SetCurrent(min(p.BytesDone, max(p.BytesTotal-1, 0)))
}

func (l *live) close() {
	l.screen.attach(nil)
	l.bar.Abort(true)
	l.bars.Wait()
}

func (l *live) head(decor.Statistics) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return fmt.Sprintf("%d/%d items ", l.p.ItemsDone, l.p.ItemsTotal)
}

func (l *live) tail(decor.Statistics) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return fmt.Sprintf(" %s of %s%s", size(l.p.BytesDone), size(l.p.BytesTotal), timeLeft(l.p))
}

// below writes the lines under the bar.
func (l *live) below(w io.Writer, stat decor.Statistics) error {
	l.mu.Lock()
	lines := l.lines(time.Now())
	l.mu.Unlock()
	for i, line := range lines {
		lines[i] = truncate(cell(line), max(stat.AvailableWidth-1, 20))
	}
	_, err := io.WriteString(w, strings.Join(lines, "\n")+"\n")
	return err
}

// lines are both legs, the files in flight, and why nothing moves.
func (l *live) lines(now time.Time) []string {
	lines := []string{fmt.Sprintf("  down %s at %s   up %s at %s   %s",
		size(l.p.Moved.Downloaded), perSecond(l.p.Down), size(l.p.Moved.Uploaded), perSecond(l.p.Up), inFlight(l.p))}
	for i, f := range l.p.InFlight {
		if i == liveFiles {
			lines = append(lines, fmt.Sprintf("  … and %d more", len(l.p.InFlight)-liveFiles))
			break
		}
		lines = append(lines, fmt.Sprintf("  %s  %s of %s%s", truncate(cell(f.Name), liveName), size(f.Done), size(f.Size), percent(f.Done, f.Size)))
	}
	for _, wait := range currentWaits(&l.p, now) {
		lines = append(lines, "  "+l.redact(cell(waiting(wait, now))))
	}
	if l.note != "" {
		lines = append(lines, "  "+l.note)
	}
	return lines
}

func percent(done, total int64) string {
	if total <= 0 {
		return ""
	}
	return fmt.Sprintf(" (%d%%)", min(done*100/total, 100))
}
