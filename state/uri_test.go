package state_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/state"
)

func TestWellFormed(t *testing.T) {
	for uri, want := range map[string]bool{
		"postgres://h/d":                                      true,
		"postgres:///d?host=/var/run/postgresql":              true,
		"postgres://u@h/d":                                    true,
		"postgres://u:pa:ss@h/d":                              true, // the first colon separates
		"postgres://u:p%40ss@h1:5432,h2:5433/d?sslmode=allow": true,
		"mongodb://u:x@[::1]:27017,db.example/q?w=1&tls=on":   true,
		"mongodb+srv://cluster0.example/pho%41?appName=x":     true,
		"mongodb://%2Ftmp%2Fmongo.sock/q":                     true,
		"postgres://user:my@Secret@127.0.0.1:1/db":            false,
		"postgres://user:my/Secret@h/db":                      false,
		"postgres://user:my?Secret@h/db":                      false,
		"postgres://user:my#Secret@h/db":                      false,
		"postgres://user:my%Secret@h/db":                      false,
		"postgres://user:my Secret@h/db":                      false,
		"postgres://user:my[Secret@h/db":                      false,
		"postgres://user:12/Secret@h/db":                      false,
		"postgres://user:Secret":                              false,
		"postgres://u:p@h:99999/d":                            false,
		"postgres://h/d?user=a@b":                             false,
		"postgres://h/d%":                                     false,
		"postgres://h/d?x=%4":                                 false,
		"postgres:user:Secret@h/db":                           false,
		"user:Secret@h/db":                                    false,
		"":                                                    false,
	} {
		if got := state.WellFormed(uri); got != want {
			t.Errorf("WellFormed(%s) = %v", uri, got)
		}
	}
}

// TestPortOutOfRange names the port as the reason, and quotes nothing of the URI.
func TestPortOutOfRange(t *testing.T) {
	for uri, want := range map[string]string{
		"postgres://u:Secret@127.0.0.1:99999/d": "its port is not in 0 to 65535",
		"mongodb://u:Secret@h1:1,h2:65536/d":    "its port is not in 0 to 65535",
		"postgres://u:my@Secret@h:99999/d":      "it is malformed",
	} {
		openers := state.Openers{"postgres": nil, "mongodb": nil}
		for scheme := range openers {
			openers[scheme] = func(context.Context, string) (state.Backend, error) { return nil, nil }
		}
		err := openers.Check(uri)
		if err == nil || !errors.Is(err, state.ErrURI) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "Secret") {
			t.Errorf("%s: %v, want %q", uri, err, want)
		}
	}
}

func TestRedact(t *testing.T) {
	for uri, want := range map[string]string{
		"postgres://u:p@h:1/d?x=y":                 "postgres://…@h:1/d?…",
		"postgres://h/d":                           "postgres://h/d",
		"postgres://user:my@Secret@127.0.0.1:1/db": "postgres://…",
		"postgres:user:Secret@h/db":                "postgres:…",
		"user:Secret@h/db":                         "user:…",
		"jsondir:/home/me@work/sessions":           "jsondir:/home/me@work/sessions",
		"jsondir:///home/me@work/sessions":         "jsondir:///home/me@work/sessions",
		"jsondir://user:my@Secret@h/db":            "jsondir://…",
		"sqlite:x.db?key=hidden":                   "sqlite:x.db?…",
		"jsondir:sessions":                         "jsondir:sessions",
		"sessions":                                 "sessions",
		"me@work":                                  "me@work",
	} {
		if got := state.Redact(uri); got != want {
			t.Errorf("Redact(%s) = %s, want %s", uri, got, want)
		}
	}
}

// A password with any characters either arrives at the driver as it was meant,
// with the host that was meant, or nothing is opened and no piece of it shown.
func TestNoPasswordIsTakenForAHost(t *testing.T) {
	const user, host = "USER", "HOST" // letters that no password below has
	rapid.Check(t, func(t *rapid.T) {
		password := rapid.StringMatching(`[a-z@:/?#%\[\] ,&=!;+.0-9-]{4,16}`).Draw(t, "password")
		scheme := rapid.SampledFrom([]string{"postgres", "mongodb", "jsondir", "sqlite", "unknown"}).Draw(t, "scheme")
		sep := rapid.SampledFrom([]string{"://", "://", "://", ":", ":/", ":///", "//"}).Draw(t, "separator")
		uri := scheme + sep + user + ":" + password + "@" + host + "/db"
		opened := false
		echo := func(_ context.Context, uri string) (state.Backend, error) {
			opened = true
			return nil, errors.New("the driver fails at " + uri)
		}
		_, err := state.Openers{"postgres": echo, "mongodb": echo, "jsondir": echo, "sqlite": echo}.Open(t.Context(), uri)
		if opened && sep == "://" {
			u, parseErr := url.Parse(uri)
			if parseErr != nil || u.Host != host {
				t.Fatalf("%s was opened, which reads as %v, %v", uri, u, parseErr)
			}
		}
		if !opened && !errors.Is(err, state.ErrURI) {
			t.Fatalf("%s: %v, want ErrURI", uri, err)
		}
		for _, text := range []string{err.Error(), fault.HintOf(err), state.Redact(uri), fmt.Sprintf("%+v", err)} {
			for i := 0; i+4 <= len(password); i++ {
				if piece := password[i : i+4]; strings.Contains(text, piece) && !strings.Contains(constantText, piece) {
					t.Fatalf("%s shows %q: %s", uri, piece, text)
				}
			}
		}
	})
}

// constantText is what messages hold whatever the password is.
const constantText = "open state postgres://…@HOST/db: not a state URI: it is malformed; its port is not in 0 to 65535; unknown kind of state; known are jsondir, mongodb, postgres, sqlite " +
	"the driver fails at write it as SCHEME://USER:PASSWORD@HOST:PORT/DATABASE with special characters percent-encoded: " +
	"%40 for @, %3A for :, %2F for /, %3F for ?, %23 for #, %25 for %; a directory or file is written as SCHEME:PATH, such as jsondir:sessions unknown:… …/"
