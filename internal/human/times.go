package human

import "time"

// Time writes a time in the zone of this machine, which it names:
// "2026-01-31 08:30:05 CET"; "" for none.
func Time(t time.Time) string { return local(t, "2006-01-02 15:04:05 MST") }

// Minute writes a time as [Time] does, without its seconds.
func Minute(t time.Time) string { return local(t, "2006-01-02 15:04 MST") }

func local(t time.Time, layout string) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format(layout)
}
