package state

import (
	"fmt"
	"strings"
	"time"

	"github.com/gondola-sync/gondola/media"
)

// FormatTime writes t as Python's isoformat does: UTC, microseconds, and no
// fraction when it is zero. The zero time is "", as is one outside the years 1
// to 9999.
func FormatTime(t time.Time) string {
	t = media.Moment(t).Truncate(time.Microsecond)
	switch {
	case t.IsZero():
		return ""
	case t.Nanosecond() == 0:
		return t.Format("2006-01-02T15:04:05-07:00")
	}
	return t.Format("2006-01-02T15:04:05.000000-07:00")
}

// ParseTime reads the forms that Python's datetime.fromisoformat takes, except
// week dates, to the microsecond. A time without a zone is naive and counts as
// UTC. Years outside 1 to 9999, which neither program can write, are no times.
func ParseTime(s string) (t time.Time, naive bool, err error) {
	t, naive, err = parseISO(strings.TrimSpace(s))
	if err == nil && (t.Year() < 1 || t.Year() > 9999) {
		err = fmt.Errorf("%q is not in the years 1 to 9999", s)
	}
	if err != nil {
		return time.Time{}, false, err
	}
	return t.Truncate(time.Microsecond), naive, nil
}

func parseISO(s string) (t time.Time, naive bool, err error) {
	if t, err := time.Parse(time.RFC3339, s); err == nil { // as both programs write it
		return t.UTC(), false, nil
	}
	for _, day := range []string{"2006-01-02", "20060102"} {
		if t, err := time.Parse(day, s); err == nil {
			return t, true, nil
		}
		for _, clock := range []string{"15:04:05", "15:04", "15", "150405"} {
			for _, zone := range []string{"", "Z07:00", "Z0700", "Z07:00:00"} {
				for _, gap := range []string{"T", " "} {
					if t, err := time.Parse(day+gap+clock+zone, s); err == nil {
						return t.UTC(), zone == "", nil
					}
				}
			}
		}
	}
	return time.Time{}, false, fmt.Errorf("%q is not an ISO date or datetime", s)
}
