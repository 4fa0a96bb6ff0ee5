package doctor

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/gphotos/auth"
)

var now = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

func google(s auth.Status, err error) Check {
	return Google(func(context.Context) (auth.Status, error) { return s, err }, func() time.Time { return now })
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
		worst  Level
		login  bool // it is a matter of credentials
		says   string
	}{
		{"fine", auth.Status{ConsentedAt: days(-3)}, nil, OK, false, "names no end"},
		{"ends some day", auth.Status{RefreshExpiry: days(90)}, nil, Note, false, "ends on"},
		{"ends soon", auth.Status{RefreshExpiry: days(1)}, nil, Warning, false, "ends on"},
		{"Testing", auth.Status{ConsentedAt: days(-1), RefreshExpiry: days(6), Testing: true}, nil, Warning, false, "7 days"},
		{"an album scope missing", auth.Status{Missing: []string{auth.ScopeEditCreated}}, nil, Warning, false, "not granted"},
		{"the one scope missing", auth.Status{Missing: []string{auth.ScopeAppend}}, nil, Problem, true, "not granted"},
		{"refused", auth.Status{ConsentedAt: days(-2)}, denied(fault.Auth), Problem, true, "no"},
		{"no line", auth.Status{}, denied(fault.Unreachable), Warning, false, "no"},
		{"token file not writable", auth.Status{}, denied(fault.State), Problem, false, "no"},
	} {
		findings := google(tc.status, tc.err).Run(t.Context())
		worst, text := OK, ""
		for _, f := range findings {
			text += f.What + "\n"
			if rank(f.Level) > rank(worst) {
				worst = f.Level
			}
			if f.Level != OK && f.Level != Note && f.Remedy == "" {
				t.Errorf("%s: no remedy: %+v", tc.name, f)
			}
		}
		if worst != tc.worst || OnlyCredentials(findings) != tc.login || !strings.Contains(text, tc.says) {
			t.Errorf("%s: %+v", tc.name, findings)
		}
	}
}

func rank(l Level) int { return map[Level]int{OK: 0, Note: 1, Warning: 2, Problem: 3}[l] }

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
	ask := func(err error) Finding {
		return only(t, GoPro("gopro_token", func(context.Context) (int, error) { return 3, err }).Run(t.Context()))
	}
	if f := ask(nil); f.Level != OK || !strings.Contains(f.What, "3 items") {
		t.Errorf("accepted: %+v", f)
	}
	if f := ask(denied(fault.Auth)); f.Level != Problem || !f.Credentials || f.Remedy != "the hint" {
		t.Errorf("refused: %+v", f)
	}
	if f := ask(denied(fault.Unreachable)); f.Level != Warning || f.Credentials {
		t.Errorf("not reached: %+v", f)
	}
}
