package doctor

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/gphotos/auth"
)

// soon is how early the end of a login is warned of.
const soon = 48 * time.Hour

// GoPro checks the GoPro token by asking for the account's own record. from
// says where the token is kept.
func GoPro(from string, ask func(context.Context) (items int, err error)) Check {
	return Check{"gopro login", func(ctx context.Context) []Finding {
		items, err := ask(ctx)
		if err != nil {
			return []Finding{refused(err, "nothing can be listed or carried from GoPro", "gondola login gopro")}
		}
		return []Finding{{Level: OK, What: fmt.Sprintf("GoPro accepts the token from %s: %s; it does not tell when the token ends, which may be within hours or days",
			from, plural(items, "item"))}}
	}}
}

// Google checks the Google login: status proves it by a refresh, as
// [auth.Tokens.Status] does online, and saves what that brings.
func Google(status func(context.Context) (auth.Status, error), now func() time.Time) Check {
	if now == nil {
		now = time.Now
	}
	return Check{"google login", func(ctx context.Context) []Finding {
		s, err := status(ctx)
		if err != nil {
			return googleRefused(s, err, now())
		}
		made := ""
		if !s.ConsentedAt.IsZero() {
			made = ", made " + since(s.ConsentedAt)
		}
		findings := []Finding{{Level: OK, What: "Google accepts the login of account " + s.Account + made}}
		findings = append(findings, lifetime(s, now()))
		if s.Unsaved != nil {
			findings = append(findings, Finding{
				Level: Warning, What: s.Unsaved.Error(), Why: "each run refreshes the access token anew, and a new refresh token would be lost",
				Remedy: remedyOf(s.Unsaved),
			})
		}
		if len(s.Missing) > 0 {
			findings = append(findings, scopes(s.Missing))
		}
		return findings
	}}
}

func googleRefused(s auth.Status, err error, now time.Time) []Finding {
	findings := []Finding{refused(err, "nothing can be carried to Google Photos", "gondola login google")}
	age := now.Sub(s.ConsentedAt)
	if fault.CodeOf(err) == fault.Auth && !s.ConsentedAt.IsZero() && age >= 7*24*time.Hour && (s.Testing || s.RefreshExpiry.IsZero()) {
		findings = append(findings, Finding{
			Level: Warning, What: fmt.Sprintf("the login was made %s, and those of an app in publishing status \"Testing\" end after 7 days", since(s.ConsentedAt)),
			Why: "the next login would end in the same way", Remedy: inProduction,
		})
	}
	return findings
}

const inProduction = "set the publishing status to \"In production\" at https://console.cloud.google.com/auth/audience, then: gondola login google"

// lifetime says when the login ends.
func lifetime(s auth.Status, now time.Time) Finding {
	left := s.RefreshExpiry.Sub(now)
	ends := fmt.Sprintf("the Google login ends on %s, in %s", s.RefreshExpiry.Local().Format("2006-01-02 15:04 MST"), toTheMinute(left))
	switch {
	case s.RefreshExpiry.IsZero():
		return Finding{Level: OK, What: "Google names no end of this login"}
	case s.Testing:
		return Finding{Level: Warning, What: ends + ": the sign of an app in publishing status \"Testing\", whose logins end after 7 days",
			Why: "runs stop then until somebody logs in again", Remedy: inProduction}
	case left < soon:
		return Finding{Level: Warning, What: ends, Why: "runs stop then until somebody logs in again", Remedy: "gondola login google"}
	}
	return Finding{Level: Note, What: ends}
}

func scopes(missing []string) Finding {
	f := Finding{Level: Warning, What: fmt.Sprintf("not granted by the Google login: %v", missing),
		Why: "albums and looking after what was created may need it", Remedy: "gondola login google, and tick every box"}
	if slices.Contains(missing, auth.ScopeAppend) {
		f.Level, f.Why, f.Credentials = Problem, "nothing can be added to Google Photos without it", true
	}
	return f
}

// refused is a service that does not let us in, or could not be asked.
func refused(err error, why, login string) Finding {
	f := Finding{Level: Problem, What: err.Error(), Why: why, Remedy: fault.HintOf(err)}
	switch fault.CodeOf(err) {
	case fault.Auth, fault.Scope:
		f.Credentials = true
		if f.Remedy == "" {
			f.Remedy = login
		}
	case fault.Unreachable, fault.Rate, fault.Server, fault.Protocol:
		f.Level, f.Why, f.Remedy = Warning, "whether the credentials are valid could not be found out", "run gondola doctor again when the service answers"
	}
	return f
}

func since(at time.Time) string {
	return "on " + at.Local().Format("2006-01-02")
}
