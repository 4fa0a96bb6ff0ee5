package auth

import (
	"context"
	"errors"
	"io"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gondola-sync/gondola/fault"
)

// pasteLogin logs in by pasting what change makes of the redirect.
func pasteLogin(t *testing.T, google *fakeGoogle, login Login, change func(*url.URL) string) (*Result, error) {
	t.Helper()
	return login.Paste(t.Context(), func(_ context.Context, page string) (string, error) {
		return change(consent(t, google, page)), nil
	})
}

func whole(u *url.URL) string { return u.String() }

func TestPaste(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*url.URL) string
		says   string // "" for success
	}{
		{"whole address", whole, ""},
		{"quoted, with a line end", func(u *url.URL) string { return " \"" + u.String() + "\"\r\n" }, ""},
		{"without scheme", func(u *url.URL) string { return strings.TrimPrefix(u.String(), "http://") }, ""},
		{"query alone", func(u *url.URL) string { return u.RawQuery }, ""},
		{"bare code", func(u *url.URL) string { return u.Query().Get("code") }, ""},
		{"bare code, escaped", func(u *url.URL) string { return url.QueryEscape(u.Query().Get("code")) }, ""},
		{"nothing", func(*url.URL) string { return "\n" }, "nothing was pasted"},
		{"other address", func(*url.URL) string { return "http://127.0.0.1/" }, "no authorization code"},
		{"state of another login", func(u *url.URL) string { return strings.Replace(u.String(), "state=", "state=x", 1) }, "another login"},
		{"denial", func(u *url.URL) string { return "http://127.0.0.1/?error=access_denied" }, "denied"},
		{"wrong code", func(*url.URL) string { return "4/0Awrong" }, "invalid_grant"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			google, login := newLogin(t)
			_, err := pasteLogin(t, google, login, tc.change)
			if tc.says == "" {
				if err != nil {
					t.Fatal(err)
				}
				mustToken(t, NewTokens(login.Config))
				return
			}
			if err == nil || !strings.Contains(err.Error(), tc.says) || fault.ClassOf(err) != fault.Session || fault.CodeOf(err) != fault.Auth {
				t.Errorf("Paste = %v, want a fault saying %q", err, tc.says)
			}
		})
	}
}

func TestPasteGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		login := Login{Config: Config{Client: testClient(testOrigin), Store: NewStore(filepath.Join(t.TempDir(), "token.json"), nil)}}
		in, typing := io.Pipe()
		start := time.Now()
		_, err := login.Paste(t.Context(), Prompt(in, io.Discard))
		if !errors.Is(err, errLoginTimeout) || time.Since(start) != 5*time.Minute {
			t.Errorf("Paste = %v after %v, want to give up after 5m", err, time.Since(start))
		}
		typing.Close()
	})
}

func TestPrompt(t *testing.T) {
	var out strings.Builder
	got, err := Prompt(strings.NewReader("\n  \n the address \nmore\n"), &out)(t.Context(), "https://page.example/?x=y")
	if err != nil || got != "the address" {
		t.Errorf("Prompt = %q, %v", got, err)
	}
	if !strings.Contains(out.String(), "https://page.example/?x=y") {
		t.Errorf("the page's address is not shown: %q", out.String())
	}
	if got, err := Prompt(strings.NewReader(""), io.Discard)(t.Context(), ""); got != "" || err != nil {
		t.Errorf("Prompt at end of input = %q, %v", got, err)
	}
}

func FuzzPasted(f *testing.F) {
	f.Add("http://127.0.0.1:1/?state=S&code=4/0Aab-_c&scope=x", "S")
	f.Add("4%2F0Aab", "S")
	f.Add("?error=access_denied#", "")
	f.Fuzz(func(t *testing.T, text, state string) {
		code, err := parsePasted(text, state)
		if err != nil {
			if fault.ClassOf(err) != fault.Session {
				t.Errorf("error %v is not of class Session", err)
			}
			return
		}
		if code == "" || strings.ContainsFunc(code, notInCode) {
			t.Fatalf("code %q", code)
		}
		again := "http://127.0.0.1:1/?" + url.Values{"code": {code}, "state": {state}}.Encode()
		if len(again) > maxPasted {
			return
		}
		if got, err := parsePasted(again, state); err != nil || got != code {
			t.Errorf("parsePasted(%q) = %q, %v, want %q", again, got, err, code)
		}
	})
}
