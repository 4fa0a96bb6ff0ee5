package doctor

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// toTheMinute writes a time span, such as 20h36m.
func toTheMinute(d time.Duration) string {
	return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
}

// Quota says when the daily quota of Google Photos is renewed. The service does
// not tell how much of it is used.
func Quota(now, reset time.Time) Check {
	return Check{"quota", func(context.Context) []Finding {
		return []Finding{{
			Level: OK,
			What: fmt.Sprintf("Google Photos renews its daily quota at %s, in %s; it does not tell how much of it is used",
				reset.Local().Format("2006-01-02 15:04 MST"), toTheMinute(reset.Sub(now))),
		}}
	}}
}
