package stations

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/gphotos/auth"
	"github.com/gondola-sync/gondola/internal/doctor"
)

var now = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

func google(s auth.Status, err error) doctor.Check {
	return googleCheck(func(context.Context) (auth.Status, error) { return s, err }, func() time.Time { return now })
}

func denied(code string) error {
	return &fault.Error{Class: fault.Session, Code: code, Op: "ask", Err: errors.New("no"), Hint: "the hint"}
}

func TestGoogleLogin(t *testing.T) {
	days := func(n int) time.Time { return now.Add(time.Duration(n) * 24 * time.Hour) }
	for _, tc := range []struct {
		name   string
		status auth.Status
		err    error
		worst  doctor.Level
		login  bool // it is a matter of credentials
		says   string
	}{
		{"fine", auth.Status{ConsentedAt: days(-3)}, nil, doctor.OK, false, "names no end"},
		{"ends some day", auth.Status{RefreshExpiry: days(90)}, nil, doctor.Note, false, "ends on"},
		{"ends soon", auth.Status{RefreshExpiry: days(1)}, nil, doctor.Warning, false, "ends on"},
		{"Testing", auth.Status{ConsentedAt: days(-1), RefreshExpiry: days(6), Testing: true}, nil, doctor.Warning, false, "7 days"},
		{"an album scope missing", auth.Status{Missing: []string{auth.ScopeEditCreated}}, nil, doctor.Warning, false, "not granted"},
		{"the one scope missing", auth.Status{Missing: []string{auth.ScopeAppend}}, nil, doctor.Problem, true, "not granted"},
		{"refused", auth.Status{ConsentedAt: days(-2)}, denied(fault.Auth), doctor.Problem, true, "no"},
		{"no line", auth.Status{}, denied(fault.Unreachable), doctor.Warning, false, "no"},
		{"token file not writable", auth.Status{}, denied(fault.State), doctor.Problem, false, "no"},
	} {
		findings := google(tc.status, tc.err).Run(t.Context())
		worst, text := doctor.OK, ""
		for _, f := range findings {
			text += f.What + "\n"
			if rank(f.Level) > rank(worst) {
				worst = f.Level
			}
			if f.Level != doctor.OK && f.Level != doctor.Note && f.Remedy == "" {
				t.Errorf("%s: no remedy: %+v", tc.name, f)
			}
		}
		if worst != tc.worst || doctor.OnlyCredentials(findings) != tc.login || !strings.Contains(text, tc.says) {
			t.Errorf("%s: %+v", tc.name, findings)
		}
	}
}

func rank(l doctor.Level) int {
	return map[doctor.Level]int{doctor.OK: 0, doctor.Note: 1, doctor.Warning: 2, doctor.Problem: 3}[l]
}

// TestSevenDaySign: a login that is refused a week after consent is most likely
// one of an app in Testing, and logging in again alone would not help for long.
func TestSevenDaySign(t *testing.T) {
	week := func(age time.Duration) int {
		return len(google(auth.Status{ConsentedAt: now.Add(-age)}, denied(fault.Auth)).Run(t.Context()))
	}
	if got := week(6 * 24 * time.Hour); got != 1 {
		t.Errorf("after six days: %d findings", got)
	}
	if got := week(7*24*time.Hour + time.Minute); got != 2 {
		t.Errorf("after a week: %d findings", got)
	}
}

func TestGoProLogin(t *testing.T) {
	ask := func(err error) doctor.Finding {
		return one(t, goproCheck("gopro_token", func(context.Context) (int, error) { return 3, err }).Run(t.Context()))
	}
	if f := ask(nil); f.Level != doctor.OK || !strings.Contains(f.What, "3 items") {
		t.Errorf("accepted: %+v", f)
	}
	if f := ask(denied(fault.Auth)); f.Level != doctor.Problem || !f.Credentials || f.Remedy != "the hint" {
		t.Errorf("refused: %+v", f)
	}
	if f := ask(denied(fault.Unreachable)); f.Level != doctor.Warning || f.Credentials {
		t.Errorf("not reached: %+v", f)
	}
}

// one returns the only finding.
func one(t *testing.T, findings []doctor.Finding) doctor.Finding {
	t.Helper()
	if len(findings) != 1 {
		t.Fatalf("%d findings: %+v", len(findings), findings)
	}
	return findings[0]
}
