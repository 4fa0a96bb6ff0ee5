package media

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var noon = time.Date(2026, 3, 31, 12, 0, 0, 0, time.UTC)

func TestParseWindow(t *testing.T) {
	for _, tc := range []struct {
		start, end string
		from, to   string // RFC 3339 with fraction; "" for open
		text       string
	}{
		{"", "", "", "", "everything"},
		{"2026-01-30", "2026-01-31", "2026-01-30T00:00:00Z", "2026-01-31T23:59:59.999999999Z", "2026-01-30 to 2026-01-31"},
		{"2026-01-30", "2026-01-30", "2026-01-30T00:00:00Z", "2026-01-30T23:59:59.999999999Z", "2026-01-30"},
		{" 2026-01 ", "", "2026-01-01T00:00:00Z", "", "since 2026-01-01"},
		{"", "2024-02", "", "2024-02-29T23:59:59.999999999Z", "until 2024-02-29"},
		{"2026", "2026", "2026-01-01T00:00:00Z", "2026-12-31T23:59:59.999999999Z", "2026-01-01 to 2026-12-31"},
		{"2026-01-30T08:30:05+02:00", "2026-01-30 08:30:05Z", "2026-01-30T06:30:05Z", "2026-01-30T08:30:05.999999999Z", "2026-01-30 06:30:05 UTC to 2026-01-30 08:30:05 UTC"},
		{"2026-01-30t08:30", "2026-01-30T08:30", "2026-01-30T08:30:00Z", "2026-01-30T08:30:00.999999999Z", "2026-01-30 08:30:00 UTC"},
		{"2026-01-30T08:30:00.5", "2026-01-30T08:30:00.5-0100", "2026-01-30T08:30:00.5Z", "2026-01-30T09:30:00.999999999Z", "2026-01-30 08:30:00 UTC to 2026-01-30 09:30:00 UTC"},
		{"2026-01-30T23:00-02", "", "2026-01-31T01:00:00Z", "", "since 2026-01-31 01:00:00 UTC"},
		{"30d", "12h", "2026-03-01T00:00:00Z", "2026-03-31T00:59:59.999999999Z", "2026-03-01 to 2026-03-31 00:59:59 UTC"},
		{"2w", "", "2026-03-17T00:00:00Z", "", "since 2026-03-17"},
		{"1MO", "", "2026-02-28T00:00:00Z", "", "since 2026-02-28"},
		{"6mo", "0d", "2025-09-30T00:00:00Z", "2026-03-31T23:59:59.999999999Z", "2025-09-30 to 2026-03-31"},
		{"25mo", "", "2024-02-29T00:00:00Z", "", "since 2024-02-29"},
		{"1y", "", "2025-03-31T00:00:00Z", "", "since 2025-03-31"},
	} {
		w, err := ParseWindow(tc.start, tc.end, noon)
		if err != nil {
			t.Errorf("ParseWindow(%q, %q): %v", tc.start, tc.end, err)
			continue
		}
		if got := rfc3339(w.Start); got != tc.from {
			t.Errorf("ParseWindow(%q, %q) starts %s, want %s", tc.start, tc.end, got, tc.from)
		}
		if got := rfc3339(w.End); got != tc.to {
			t.Errorf("ParseWindow(%q, %q) ends %s, want %s", tc.start, tc.end, got, tc.to)
		}
		if got := w.String(); got != tc.text {
			t.Errorf("ParseWindow(%q, %q) reads %q, want %q", tc.start, tc.end, got, tc.text)
		}
	}
}

func rfc3339(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339Nano)
}

func TestParseWindowRefuses(t *testing.T) {
	for _, tc := range []struct {
		start, end string
		names      []string // what the error must name
	}{
		{"yesterday", "", []string{`start "yesterday"`, "2026-01-31", "6mo"}},
		{"", "2026-02-30", []string{`end "2026-02-30"`}},
		{"x", "y", []string{`start "x"`, `end "y"`}},
		{"2026-1-1", "", []string{"2026-1-1"}},
		{"2026-01-01T25:00", "", []string{"2026-01-01T25:00"}},
		{"2026-01-01T10:00+99:00", "", []string{"+99:00"}},
		{"-3d", "", []string{"-3d"}},
		{"3000y", "", []string{"3000y"}},
		{"9999999d", "", []string{"9999999d"}},
		{"0001-01-01", "", []string{"0001-01-01"}},
		{"2026-02", "2026-01", []string{`"2026-02"`, `"2026-01"`}},
	} {
		w, err := ParseWindow(tc.start, tc.end, noon)
		if err == nil {
			t.Errorf("ParseWindow(%q, %q) = %v, want an error", tc.start, tc.end, w)
			continue
		}
		for _, name := range tc.names {
			if !strings.Contains(err.Error(), name) {
				t.Errorf("ParseWindow(%q, %q): error %q does not name %s", tc.start, tc.end, err, name)
			}
		}
	}
}

func TestDaysThatDoNotExist(t *testing.T) {
	for text, want := range map[string]string{
		"2026-02-30":          `start "2026-02-30": there is no 2026-02-30 in the calendar`,
		"2026-13":             `start "2026-13": there is no 2026-13 in the calendar`,
		"2025-02-29 10:00":    `start "2025-02-29 10:00": there is no 2025-02-29 in the calendar`,
		"2026-01-31T25:00:00": `start "2026-01-31T25:00:00": want a date`,
		"31.1.2026":           `start "31.1.2026": want a date`,
	} {
		if _, err := ParseWindow(text, "", noon); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("ParseWindow(%q) = %v, want %s", text, err, want)
		}
	}
}

func TestWindowContains(t *testing.T) {
	day := Window{noon.Add(-12 * time.Hour), noon.Add(12*time.Hour - 1)}
	for _, tc := range []struct {
		name string
		w    Window
		t    time.Time
		want bool
	}{
		{"open", Window{}, time.Time{}, true},
		{"first instant", day, day.Start, true},
		{"last instant", day, day.End, true},
		{"before", day, day.Start.Add(-1), false},
		{"after", day, day.End.Add(1), false},
		{"in another zone", day, noon.In(time.FixedZone("", 7200)), true},
		{"open end", Window{Start: noon}, noon.AddDate(100, 0, 0), true},
		{"open start", Window{End: noon}, time.Time{}, true},
	} {
		if got := tc.w.Contains(tc.t); got != tc.want {
			t.Errorf("%s: %v.Contains(%v) = %v, want %v", tc.name, tc.w, tc.t, got, tc.want)
		}
	}
}

// A day holds each of its instants and none of its neighbours'.
func TestDayHoldsItsInstants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "s"), rapid.Int64Range(0, 1e9-1).Draw(t, "ns")).UTC()
		day := at.Format(time.DateOnly)
		w, err := ParseWindow(day, day, noon)
		if err != nil || !w.Contains(at) || w.Contains(at.AddDate(0, 0, 1)) || w.Contains(at.AddDate(0, 0, -1)) {
			t.Fatalf("%s is %v (%v) and holds %v: %v", day, w, err, at, w.Contains(at))
		}
	})
}

func FuzzParseWindow(f *testing.F) {
	for _, s := range [][2]string{{"", ""}, {"2026-01-30", "2026-01-31T10:00:00+02:00"}, {"30d", "2026"}, {"1mo", "é"}, {"9999", "9999-12-31 23:59:59.9"}} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, start, end string) {
		w, err := ParseWindow(start, end, noon)
		if err != nil {
			return
		}
		if w.Start.Location() != time.UTC && !w.Start.IsZero() || w.End.Location() != time.UTC && !w.End.IsZero() {
			t.Errorf("%q, %q: not in UTC: %v, %v", start, end, w.Start, w.End)
		}
		if !w.Start.IsZero() && !w.End.IsZero() && (!w.Contains(w.Start) || !w.Contains(w.End)) {
			t.Errorf("%q, %q: %v does not hold its ends", start, end, w)
		}
		if w.IsZero() != (strings.TrimSpace(start) == "" && strings.TrimSpace(end) == "") {
			t.Errorf("%q, %q: %v", start, end, w)
		}
	})
}
