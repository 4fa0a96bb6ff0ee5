package stations

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/gphotos/auth"
	"github.com/gondola-sync/gondola/internal/doctor"
	"github.com/gondola-sync/gondola/internal/human"
)

// soon is how early the end of a login is warned of.
const soon = 48 * time.Hour

// googleCheck checks the Google login: status proves it by a refresh, as
// [auth.Tokens.Status] does online, and saves what that brings.
func googleCheck(status func(context.Context) (auth.Status, error), now func() time.Time) doctor.Check {
	if now == nil {
		now = time.Now
	}
	return doctor.Check{Name: "google login", Run: func(ctx context.Context) []doctor.Finding {
		s, err := status(ctx)
		if err != nil {
			return googleRefused(s, err, now())
		}
		made := ""
		if !s.ConsentedAt.IsZero() {
			made = ", made " + since(s.ConsentedAt)
		}
		findings := []doctor.Finding{{Level: doctor.OK, What: "Google accepts the login of account " + s.Account + made}}
		findings = append(findings, lifetime(s, now()))
		if s.Unsaved != nil {
			findings = append(findings, doctor.Finding{
				Level: doctor.Warning, What: s.Unsaved.Error(), Why: "each run refreshes the access token anew, and a new refresh token would be lost",
				Remedy: cmp.Or(fault.HintOf(s.Unsaved), "make the token file writable"),
			})
		}
		if len(s.Missing) > 0 {
			findings = append(findings, scopes(s.Missing))
		}
		return findings
	}}
}

func googleRefused(s auth.Status, err error, now time.Time) []doctor.Finding {
	findings := []doctor.Finding{doctor.Refused(err, "nothing can be carried to Google Photos", "gondola login google")}
	age := now.Sub(s.ConsentedAt)
	if fault.CodeOf(err) == fault.Auth && !s.ConsentedAt.IsZero() && age >= 7*24*time.Hour && (s.Testing || s.RefreshExpiry.IsZero()) {
		findings = append(findings, doctor.Finding{
			Level: doctor.Warning, What: fmt.Sprintf("the login was made %s, and those of an app in publishing status \"Testing\" end after 7 days", since(s.ConsentedAt)),
			Why: "the next login would end in the same way", Remedy: inProduction,
		})
	}
	return findings
}

const inProduction = "set the publishing status to \"In production\" at https://console.cloud.google.com/auth/audience, then: gondola login google"

// lifetime says when the login ends.
func lifetime(s auth.Status, now time.Time) doctor.Finding {
	left := s.RefreshExpiry.Sub(now)
	ends := fmt.Sprintf("the Google login ends on %s, in %s", human.Minute(s.RefreshExpiry), toTheMinute(left))
	switch {
	case s.RefreshExpiry.IsZero():
		return doctor.Finding{Level: doctor.OK, What: "Google names no end of this login"}
	case s.Testing:
		return doctor.Finding{Level: doctor.Warning, What: ends + ": the sign of an app in publishing status \"Testing\", whose logins end after 7 days",
			Why: "runs stop then until the next login", Remedy: inProduction}
	case left < soon:
		return doctor.Finding{Level: doctor.Warning, What: ends, Why: "runs stop then until the next login", Remedy: "gondola login google"}
	}
	return doctor.Finding{Level: doctor.Note, What: ends}
}

func scopes(missing []string) doctor.Finding {
	f := doctor.Finding{Level: doctor.Warning, What: fmt.Sprintf("not granted by the Google login: %v", missing),
		Why: "albums and looking after what was created may need it", Remedy: "gondola login google, and tick every box"}
	if slices.Contains(missing, auth.ScopeAppend) {
		f.Level, f.Why, f.Credentials = doctor.Problem, "nothing can be added to Google Photos without it", true
	}
	return f
}

func since(at time.Time) string {
	return "on " + at.Local().Format("2006-01-02")
}

// toTheMinute writes a time span, such as 20h36m.
func toTheMinute(d time.Duration) string {
	return strings.TrimSuffix(d.Round(time.Minute).String(), "0s")
}

// quotaCheck says when the daily quota of Google Photos is renewed. The service does
// not tell how much of it is used.
func quotaCheck(now, reset time.Time) doctor.Check {
	return doctor.Check{Name: "quota", Run: func(context.Context) []doctor.Finding {
		return []doctor.Finding{{
			Level: doctor.OK,
			What: fmt.Sprintf("Google Photos renews its daily quota at %s, in %s; it does not tell how much of it is used",
				human.Minute(reset), toTheMinute(reset.Sub(now))),
		}}
	}}
}
