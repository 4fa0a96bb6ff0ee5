package gphotos

import (
	"net/http"
	"time"
	_ "time/tzdata" // quotas are renewed by Pacific time on every host

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/resumable"
)

// quotaWait is the least wait that the service asks for after a 429.
const quotaWait = 30 * time.Second

// isQuota reports whether a limit was exceeded. The upload endpoint has been
// seen to say so with 400, older services with 403.
func isQuota(e *resumable.StatusError) bool {
	switch e.HTTP {
	case http.StatusTooManyRequests:
		return true
	case http.StatusBadRequest:
		return says(e, "quota")
	case http.StatusForbidden:
		return says(e, "rateLimitExceeded", "userRateLimitExceeded", "dailyLimitExceeded", "quotaExceeded", "quota exceeded")
	}
	return false
}

// isDaily reports whether that limit is one per day: by the id of the limit, or
// by the message, which names the limit by title or, in older ones, by id.
func isDaily(e *resumable.StatusError) bool {
	limit := resumable.StatusError{Message: e.QuotaLimit}
	if e.QuotaLimit != "" {
		return says(&limit, "PerDay")
	}
	return says(e, "per day", "PerDay", "dailyLimitExceeded", "daily limit")
}

func (c *Client) judgeQuota(f *fault.Error, e *resumable.StatusError) {
	if isDaily(e) {
		f.Class, f.Code, f.Hint = fault.Session, fault.Quota, quotaHint
		f.Until = QuotaReset(c.now())
		return
	}
	f.Class, f.Code = fault.Transient, fault.Rate
	f.RetryAfter = max(f.RetryAfter, quotaWait)
}

// QuotaReset returns when the daily quotas are renewed after now: the next
// midnight in California, in UTC.
func QuotaReset(now time.Time) time.Time {
	pacific, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		pacific = time.FixedZone("PST", -8*60*60)
	}
	y, m, d := now.In(pacific).Date()
	return time.Date(y, m, d+1, 0, 0, 0, 0, pacific).UTC()
}
