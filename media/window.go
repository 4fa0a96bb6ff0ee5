package media

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Window is a span of capture times, both ends included. An end that is the zero
// time is open.
type Window struct {
	Start time.Time `json:"start,omitzero"`
	End   time.Time `json:"end,omitzero"`
}

// IsZero reports whether the window is open at both ends.
func (w Window) IsZero() bool { return w.Start.IsZero() && w.End.IsZero() }

// Contains reports whether t lies in the window.
func (w Window) Contains(t time.Time) bool {
	return (w.Start.IsZero() || !t.Before(w.Start)) && (w.End.IsZero() || !t.After(w.End))
}

// Equal reports whether both windows have the same ends.
func (w Window) Equal(other Window) bool {
	return w.Start.Equal(other.Start) && w.End.Equal(other.End)
}

// String describes the window in words, in UTC: "2026-01-01 to 2026-01-31",
// "since 2026-01-01 08:30:00 UTC", "until 2026-01-31" or "everything".
func (w Window) String() string {
	start, end := moment(w.Start, w.Start), moment(w.End, w.End.Add(time.Nanosecond))
	switch {
	case w.IsZero():
		return "everything"
	case w.End.IsZero():
		return "since " + start
	case w.Start.IsZero():
		return "until " + end
	case start == end:
		return start
	}
	return start + " to " + end
}

// moment writes t as a date if edge is a midnight, otherwise with its time.
func moment(t, edge time.Time) string {
	if edge.UTC().Truncate(24 * time.Hour).Equal(edge) {
		return t.UTC().Format(time.DateOnly)
	}
	return t.UTC().Format("2006-01-02 15:04:05 MST")
}

// ParseWindow reads a window from two texts. Each is one of
//
//   - an ISO date, "2026-01-31": the whole day
//   - an ISO date and time, "2026-01-31T08:30:05+01:00", also with a space, without
//     seconds or with a fraction: that second
//   - a year or a month, "2026" or "2026-01": the whole of it
//   - a span before now, "30d", "2w", "6mo" or "1y": the whole day it reaches; "12h":
//     the whole hour, so that the same words mean the same window for a while
//   - empty: open
//
// Without an offset, times are UTC. The window reaches from the beginning of
// what start names through the end of what end names, and is in UTC. Errors name
// the text that cannot be read, or both if start is after end.
func ParseWindow(start, end string, now time.Time) (Window, error) {
	from, errStart := parseSpan("start", start, now)
	to, errEnd := parseSpan("end", end, now)
	if err := errors.Join(errStart, errEnd); err != nil {
		return Window{}, err
	}
	w := Window{Start: from.first, End: to.last}
	if !w.Start.IsZero() && !w.End.IsZero() && w.Start.After(w.End) {
		return Window{}, fmt.Errorf("start %q (%s) is after end %q (%s)",
			start, w.Start.Format(time.RFC3339), end, w.End.Format(time.RFC3339))
	}
	return w, nil
}

// span is what a text names: all instants from first to last, in UTC.
type span struct{ first, last time.Time }

func parseSpan(what, text string, now time.Time) (span, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return span{}, nil
	}
	for _, parse := range []func(string, time.Time) (span, bool){parsePartial, parseMoment, parseAgo} {
		if s, ok := parse(text, now); ok && inCalendar(s.first) && inCalendar(s.last) {
			return s, nil
		}
	}
	if day := dayShape.FindString(text); day != "" {
		if _, err := time.Parse("2006-01-02"[:len(day)], day); err != nil {
			return span{}, fmt.Errorf("%s %q: there is no %s in the calendar", what, text, day)
		}
	}
	return span{}, fmt.Errorf("%s %q: want a date (2026-01-31), a date and time (2026-01-31T08:30:00, UTC unless an offset is given), "+
		"a month (2026-01), a year (2026), or a time before now (30d, 12h, 2w, 6mo, 1y)", what, text)
}

// dayShape is what a day or a month looks like, whether it exists or not.
var dayShape = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}(?:-[0-9]{2})?`)

// inCalendar reports whether t can be written with four digits of year and is
// not the zero time, which stands for an open end.
func inCalendar(t time.Time) bool { return !t.IsZero() && 1 <= t.Year() && t.Year() <= 9999 }

// parsePartial reads a day, a month or a year.
func parsePartial(text string, _ time.Time) (span, bool) {
	for _, form := range []struct {
		layout              string
		years, months, days int
	}{
		{time.DateOnly, 0, 0, 1},
		{"2006-01", 0, 1, 0},
		{"2006", 1, 0, 0},
	} {
		if t, err := time.Parse(form.layout, text); err == nil {
			return span{t, t.AddDate(form.years, form.months, form.days).Add(-time.Nanosecond)}, true
		}
	}
	return span{}, false
}

// parseMoment reads a date and time. As an end it covers its whole second.
func parseMoment(text string, _ time.Time) (span, bool) {
	const date = len(time.DateOnly)
	if len(text) <= date || !strings.ContainsRune("Tt ", rune(text[date])) {
		return span{}, false
	}
	text = text[:date] + "T" + strings.ToUpper(text[date+1:])
	for _, clock := range []string{"T15:04:05", "T15:04"} {
		for _, zone := range []string{"", "Z07:00", "Z0700", "Z07"} {
			if t, err := time.Parse(time.DateOnly+clock+zone, text); err == nil {
				t = t.UTC()
				return span{t, t.Truncate(time.Second).Add(time.Second - time.Nanosecond)}, true
			}
		}
	}
	return span{}, false
}

var ago = regexp.MustCompile(`^([0-9]{1,6})(h|d|w|mo|y)$`)

// parseAgo reads a span before now.
func parseAgo(text string, now time.Time) (span, bool) {
	m := ago.FindStringSubmatch(strings.ToLower(text))
	if m == nil {
		return span{}, false
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return span{}, false
	}
	now = now.UTC().Round(0)
	unit := 24 * time.Hour
	var t time.Time
	switch m[2] {
	case "h":
		t, unit = now.Add(-time.Duration(n)*time.Hour), time.Hour
	case "d":
		t = now.AddDate(0, 0, -n)
	case "w":
		t = now.AddDate(0, 0, -7*n)
	case "mo":
		t = monthsBefore(now, n)
	case "y":
		t = monthsBefore(now, 12*n)
	}
	t = t.Truncate(unit)
	return span{t, t.Add(unit - time.Nanosecond)}, true
}

// monthsBefore goes back n months and stays in the month it reaches: a month
// before 31 March is the last day of February.
func monthsBefore(t time.Time, n int) time.Time {
	first := time.Date(t.Year(), t.Month(), 1, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), t.Location())
	first = first.AddDate(0, -n, 0)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(t.Day(), last)-1)
}
