package doctor

import (
	"context"
	"fmt"
	"time"
)

// Quota says when the daily quota of Google Photos is renewed. The service does
// not tell how much of it is used.
func Quota(now, reset time.Time) Check {
	return Check{"quota", func(context.Context) []Finding {
		return []Finding{{
			Level: OK,
			What: fmt.Sprintf("Google Photos renews its daily quota at %s, in %v; it does not tell how much of it is used",
				reset.Local().Format("2006-01-02 15:04 MST"), reset.Sub(now).Round(time.Minute)),
		}}
	}}
}
