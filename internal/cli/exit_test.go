package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/config"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
)

func TestExitCode(t *testing.T) {
	failure := func(code string) error {
		return fmt.Errorf("sync: %w", &fault.Error{Class: fault.Session, Code: code, Op: "op", Hint: "hint"})
	}
	for _, tc := range []struct {
		err     error
		code    int
		outcome gondola.Outcome
		word    string // of the error in JSON
	}{
		{nil, 0, gondola.OutcomeComplete, ""},
		{errEnded, 0, gondola.OutcomeComplete, ""},
		{errors.New("disk on fire"), 1, gondola.OutcomeFailed, "failed"},
		{failure(fault.State), 1, gondola.OutcomeFailed, fault.State},
		{usagef("what?"), 2, gondola.OutcomeFailed, "usage"},
		{fmt.Errorf("x: %w", &config.UsageError{Message: "what?"}), 2, gondola.OutcomeFailed, "usage"},
		{errPartial, 3, gondola.OutcomePartial, "failed"},
		{reported(errPartial), 3, gondola.OutcomePartial, "failed"},
		{failure(fault.Auth), 4, gondola.OutcomeAuth, fault.Auth},
		{failure(fault.Scope), 4, gondola.OutcomeAuth, fault.Scope},
		{failure(fault.Quota), 5, gondola.OutcomeQuota, fault.Quota},
		{failure(fault.Storage), 5, gondola.OutcomeQuota, fault.Storage},
		{&state.LockedError{Session: "s", Host: "h", PID: 1}, 6, gondola.OutcomeFailed, "locked"},
		{errMissing, 7, gondola.OutcomeFailed, "failed"},
		{errors.Join(failure(fault.Unreachable), errInterrupted), 130, gondola.OutcomeInterrupted, "interrupted"},
	} {
		if got := exitCode(tc.err); got != tc.code {
			t.Errorf("exitCode(%v) = %d, want %d", tc.err, got, tc.code)
		}
		if got := outcomeOf(tc.err); got != tc.outcome {
			t.Errorf("outcomeOf(%v) = %s, want %s", tc.err, got, tc.outcome)
		}
		if tc.err == nil {
			continue
		}
		if got := describe(tc.err, strings.ToLower).Code; got != tc.word && !errors.Is(tc.err, errEnded) {
			t.Errorf("describe(%v).Code = %s, want %s", tc.err, got, tc.word)
		}
	}
	if reported(nil) != nil {
		t.Error("reported(nil) is an error")
	}
}

// watchedApp is an app whose signals and exit are the test's.
func watchedApp(talk *bytes.Buffer, exits chan<- int) *app {
	a := newApp(nil, nil, talk, nil)
	a.exit = func(code int) { exits <- code }
	a.sayOnInterrupt("saving")
	return a
}

func TestSignals(t *testing.T) {
	for _, tc := range []struct {
		name    string
		signals int
		wait    time.Duration // before the run is finished
		exits   int
	}{
		{"none", 0, time.Second, 0},
		{"one, and the run ends in time", 1, time.Second, 0},
		{"one, and the run does not end", 1, time.Minute, 1},
		{"two", 2, time.Second, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var talk bytes.Buffer
				exits := make(chan int, 1)
				a := watchedApp(&talk, exits)
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				signals, finished := make(chan os.Signal, 2), make(chan struct{})
				done := make(chan struct{})
				go func() { defer close(done); a.watchSignals(signals, finished, cancel) }()
				for range tc.signals {
					signals <- syscall.SIGTERM
				}
				time.Sleep(tc.wait)
				close(finished)
				<-done
				if interrupted := errors.Is(context.Cause(ctx), errInterrupted); interrupted != (tc.signals > 0) {
					t.Errorf("interrupted: %t", interrupted)
				}
				if said := talk.String() == "saving\n"; said != (tc.signals > 0) {
					t.Errorf("the user reads %q", talk.String())
				}
				if len(exits) != tc.exits {
					t.Fatalf("the process was ended %d times, want %d", len(exits), tc.exits)
				}
				if tc.exits > 0 {
					if code := <-exits; code != exitInterrupted {
						t.Errorf("exit code %d", code)
					}
				}
			})
		})
	}
}

func TestRedact(t *testing.T) {
	var r redactor
	r.learn("known-secret")
	r.learn("x") // too short to be one
	for _, tc := range []struct{ in, want string }{
		{"a known-secret here", "a [redacted] here"},
		{"x marks the spot, code: rejected", "x marks the spot, code: rejected"},
		{`get https://cdn.example/v?Signature=abc&Key=d: 403`, `get https://cdn.example/v?[redacted] 403`},
		{"Cookie: gp_access_token=abc.def; other=1", "Cookie: gp_access_token=[redacted]; other=1"},
		{"Authorization: Bearer abcdef", "Authorization: Bearer [redacted]"},
		{"bearer abcdefghijklmnop", "bearer [redacted]"},
		{`{"refresh_token":"1//abc","x":1}`, `{"refresh_token":"[redacted]","x":1}`},
		{"token ya29.a0Af_x-y", "token ya29.[redacted]"},
		{"1//0gAbc-d_e", "1//0[redacted]"},
		{"GOCSPX-abc_d", "GOCSPX-[redacted]"},
		{"eyJhbGciOiJSU0E.abc.d-e_f.g.h", "eyJ[redacted]"},
		{"https://api.gopro.com/media/user", "https://api.gopro.com/media/user"},
		{`invalid proxy address "http://me:hush@proxy:3128"`, `invalid proxy address "http://[redacted]proxy:3128"`},
		{"postgres://me:hush@db/x?sslmode=require&password=hush: no", "postgres://[redacted]db/x?sslmode=require&password=[redacted] no"},
		{"write it as SCHEME://USER:PASSWORD@HOST or http://USER:PASSWORD@HOST", "write it as SCHEME://USER:PASSWORD@HOST or http://USER:PASSWORD@HOST"},
		{"SCHEME://USER:PASSWORD@x@HOST", "SCHEME://[redacted]HOST"},
		{"postgres://me@db/x, written as postgres://USER:PASSWORD@HOST", "postgres://me@db/x, written as postgres://USER:PASSWORD@HOST"},
		{"https://me@db/x", "https://[redacted]db/x"},
		{"open mongodb://me:hush@db/x and mail@example.com", "open mongodb://[redacted]db/x and mail@example.com"},
	} {
		if got := r.clean(tc.in); got != tc.want {
			t.Errorf("clean(%q) = %q, want %q", tc.in, got, tc.want)
		}
	}
}

func TestLogRedacts(t *testing.T) {
	var out bytes.Buffer
	a := newApp(nil, nil, &out, nil)
	if err := a.start(newRoot(a), nil); err != nil {
		t.Fatal(err)
	}
	a.secrets.learn("known-secret")
	a.log.Error("failed with known-secret", "url", "https://x.example/?sig=hush", "error", errors.New("ya29.hush"),
		"group", slog.GroupValue(slog.String("inner", "known-secret")))
	if text := out.String(); strings.Contains(text, "known-secret") || strings.Contains(text, "hush") || !strings.Contains(text, "level=ERROR") {
		t.Errorf("log: %s", text)
	}
}

func TestHuman(t *testing.T) {
	for got, want := range map[string]string{
		size(-1):                      "unknown size",
		size(999):                     "999 B",
		size(1536):                    "1.50 KiB",
		size(20 << 30):                "20.00 GiB",
		size(1 << 60):                 "1024.00 PiB",
		speed(0, time.Second):         "n/a",
		speed(2048, 2*time.Second):    "1.00 KiB/s",
		duration(12340e6):             "12.34s",
		duration(30e9):                "30s",
		duration(330 * time.Second):   "5m 30s",
		duration(8130 * time.Second):  "2h 15m",
		duration(50 * time.Hour):      "2d 2h",
		count(1, "item"):              "1 item",
		count(2, "item"):              "2 items",
		cell("a\tb\nc"):               "a b c",
		truncate("abcdef", 4):         "abc…",
		truncate("abc", 4):            "abc",
		quoted("--start=2026-01"):     "--start=2026-01",
		quoted("my album"):            "'my album'",
		quoted("it's"):                `'it'\''s'`,
		quoted(""):                    "''",
		quoted("a\n\x1b'"):            `$'a\012\033\047'`,
		percent(1, 3):                 " (33%)",
		percent(1, media.SizeUnknown): "",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestQuoted reads quoted words back by the rules of a shell.
func TestQuoted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.String().Draw(t, "word")
		var read strings.Builder
		inside := false
		rest, escaped := strings.CutPrefix(quoted(word), "$")
		for rest != "" {
			switch {
			case escaped && rest[0] == '\\':
				octal, err := strconv.ParseUint(rest[1:4], 8, 8)
				if err != nil {
					t.Fatalf("quoted(%q) = %s", word, quoted(word))
				}
				read.WriteByte(byte(octal))
				rest = rest[4:]
			case rest[0] == '\'':
				inside, rest = !inside, rest[1:]
			case !inside && strings.HasPrefix(rest, `\'`):
				read.WriteByte('\'')
				rest = rest[2:]
			default:
				read.WriteByte(rest[0])
				rest = rest[1:]
			}
		}
		if inside || read.String() != word || cell(quoted(word)) != quoted(word) {
			t.Fatalf("quoted(%q) = %s reads as %q", word, quoted(word), read.String())
		}
	})
}

func TestRetryCommand(t *testing.T) {
	session := &gondola.Summary{SessionID: "s 1"}
	for _, tc := range []struct {
		args []string
		r    report
		want string
	}{
		{[]string{"sync", "--album", "my trip"}, report{summary: session}, "gondola sync --album 'my trip' --session-id 's 1'"},
		{[]string{"sync", "--session-id=x"}, report{summary: session}, "gondola sync --session-id=x"},
		{[]string{"sync", "--start", "30d", "--end=12H", "--type", "photo"}, report{summary: session}, "gondola sync --type photo --session-id 's 1'"},
		{[]string{"sync", "--start", "2026-01", "--end=2026"}, report{summary: session}, "gondola sync --start 2026-01 --end=2026 --session-id 's 1'"},
		{[]string{"sync", "--start", "30d"}, report{}, "gondola sync --start 30d"},
		{[]string{"sync", "-n"}, report{}, "gondola sync"},
		{[]string{"sync"}, report{err: usagef("no")}, ""},
		{[]string{"sync", "--state", "postgres://me:secret@host/db?sslmode=require"}, report{}, "gondola sync --state 'postgres://…@host/db?…'"},
		{[]string{"sync", "--state=postgres://me@host/db?sslmode=require"}, report{}, "gondola sync '--state=postgres://me@host/db?sslmode=require'"},
	} {
		a := newApp(nil, nil, nil, nil)
		a.args = tc.args
		if got := a.retryCommand(tc.r); got != tc.want {
			t.Errorf("%q: %s, want %s", tc.args, got, tc.want)
		}
	}
}

func TestParseSize(t *testing.T) {
	for text, want := range map[string]int64{"1": 1, "512k": 512 << 10, "24M": 24 << 20, "2G": 2 << 30, "1GiB": 1 << 30, "3B": 3, "1024T": 1 << 50} {
		if got, err := parseSize(text); err != nil || got != want {
			t.Errorf("parseSize(%q) = %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "0", "-1", "x", "5X", "2048T", "1kk", "9999999999999999999"} {
		if got, err := parseSize(text); err == nil {
			t.Errorf("parseSize(%q) = %d, want an error", text, got)
		}
	}
}

func FuzzParseSize(f *testing.F) {
	for _, seed := range []string{"1", "512k", "1GiB", "1024T", "-5M"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if n, err := parseSize(text); err == nil && (n < 1 || n > 1<<50) {
			t.Errorf("parseSize(%q) = %d", text, n)
		}
	})
}
