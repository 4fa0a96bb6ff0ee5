package state

import (
	"fmt"
	"time"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state/driver"
)

// What stands for the open ends of a window in texts. No camera of the trade is older or will be younger.
const (
	openStart = "2000-01-01T00:00:00"
	openEnd   = "9998-12-31T00:00:00"
)

// DefaultBatchSize is the number of items per create call of a new session.
const DefaultBatchSize = 50

// NewSession returns a session that has not begun, created at now. Start and End are
// set from the window: whole days without a zone, other times with one, and for an
// open end 2000-01-01 or 9998-12-31.
func NewSession(id string, w media.Window, now time.Time) *Session {
	now = now.UTC().Truncate(time.Microsecond)
	s := &Session{ID: id, CreatedAt: now, UpdatedAt: now, Start: isoStart(w.Start), End: isoEnd(w.End), Window: &w}
	s.normalize()
	return s
}

// CaptureWindow returns the span of capture times of the session: Window if it
// is set, otherwise what Start and End say. There a date, or midnight without a
// zone, means the whole day, the last one included; a time without a zone is
// UTC. It returns a [fault.Error] of class Session for text that is no time.
func (s *Session) CaptureWindow() (media.Window, error) {
	if s.Window != nil {
		return *s.Window, nil
	}
	start, _, err := s.bound("start_date_iso", s.Start, openStart)
	if err != nil {
		return media.Window{}, err
	}
	end, naive, err := s.bound("end_date_iso", s.End, openEnd)
	if naive && isMidnight(end) {
		end = end.AddDate(0, 0, 1).Add(-1)
	}
	return media.Window{Start: start, End: end}, err
}

// bound reads one end of the window, which may be open.
func (s *Session) bound(key, text, open string) (t time.Time, naive bool, err error) {
	if text == open {
		return t, false, nil
	}
	if t, naive, err = ParseTime(text); err != nil {
		err = driver.Fault("read capture window of session "+s.ID, fmt.Errorf("%s: %w", key, err),
			"correct the date in the session's document, or start a new session")
	}
	return t, naive, err
}

func isMidnight(t time.Time) bool { return t.Equal(t.Truncate(24 * time.Hour)) }

func isoStart(t time.Time) string {
	switch {
	case t.IsZero():
		return openStart
	case isMidnight(t):
		return t.UTC().Format("2006-01-02T15:04:05")
	}
	return FormatTime(t)
}

// isoEnd writes the last second of a day as that day, which counts whole.
func isoEnd(t time.Time) string {
	if t.IsZero() {
		return openEnd
	}
	day := t.Truncate(24 * time.Hour)
	if t.Sub(day) >= 24*time.Hour-time.Second {
		return day.UTC().Format("2006-01-02T15:04:05")
	}
	return FormatTime(t)
}
