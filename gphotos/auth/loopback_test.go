package auth

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gondola-sync/gondola/fault"
)

// browser opens pages as a browser would, following redirects; change, if not
// nil, may change the redirect's address first.
func browser(t *testing.T, change func(*url.URL)) func(string) error {
	var open sync.WaitGroup
	t.Cleanup(open.Wait)
	return func(page string) error {
		open.Go(func() {
			client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
			client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
			resp, err := client.Get(page)
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			back, err := resp.Location()
			if err != nil {
				body, _ := io.ReadAll(resp.Body)
				t.Errorf("consent page: %s: %s", resp.Status, body)
				return
			}
			if change != nil {
				change(back)
			}
			answered, err := client.Get(back.String())
			if err != nil {
				t.Error(err)
				return
			}
			answered.Body.Close()
		})
		return nil
	}
}

func TestLoopback(t *testing.T) {
	google, login := newLogin(t)
	result, err := login.Loopback(t.Context(), browser(t, nil))
	if err != nil {
		t.Fatal(err)
	}
	if result.SameAccount || len(result.Missing) > 0 || len(result.Notices) > 0 || !validAccount(result.Account) {
		t.Errorf("result = %+v", result)
	}
	if diff := cmp.Diff(DefaultScopes(), result.Granted); diff != "" {
		t.Errorf("granted (-want +got):\n%s", diff)
	}
	c, err := login.Store.Load()
	if err != nil {
		t.Fatal(err)
	}
	if google.refresh[c.RefreshToken] == nil || c.Account != result.Account || time.Since(c.ConsentedAt).Abs() > time.Minute {
		t.Errorf("saved account %s, consent %v", c.Account, c.ConsentedAt)
	}
	if c.ClientID != testClientID || c.ClientSecret != testClientSecret || c.TokenURI != login.Client.TokenURI {
		t.Error("the OAuth client is not in the file, so that google-auth cannot use it")
	}
	tokens := NewTokens(login.Config)
	first := mustToken(t, tokens)
	tokens.Invalidate(first)
	if mustToken(t, tokens) == first {
		t.Error("the saved refresh token brought no new access token")
	}
}

func TestLoopbackTakesOnlyItsOwnRedirect(t *testing.T) {
	google, login := newLogin(t)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	status := func(method string, u url.URL, change func(*url.URL)) (int, http.Header, string) {
		change(&u)
		req, err := http.NewRequestWithContext(t.Context(), method, u.String(), nil)
		if err != nil {
			t.Error(err)
			return 0, nil, ""
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Error(err)
			return 0, nil, ""
		}
		defer resp.Body.Close()
		body, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, resp.Header, string(body)
	}
	set := func(name, value string) func(*url.URL) {
		return func(u *url.URL) {
			q := u.Query()
			q.Set(name, value)
			if value == "" {
				q.Del(name)
			}
			u.RawQuery = q.Encode()
		}
	}
	var address string
	visited := make(chan struct{})
	_, err := login.Loopback(t.Context(), func(page string) error {
		back := *consent(t, google, page)
		address = back.Host
		go func() {
			defer close(visited)
			for _, tc := range []struct {
				name   string
				method string
				change func(*url.URL)
				want   int
			}{
				{"wrong state", http.MethodGet, set("state", "x"), http.StatusBadRequest},
				{"no state", http.MethodGet, set("state", ""), http.StatusBadRequest},
				{"no code", http.MethodGet, set("code", ""), http.StatusBadRequest},
				{"other path", http.MethodGet, func(u *url.URL) { u.Path = "/favicon.ico" }, http.StatusNotFound},
				{"other method", http.MethodPost, func(*url.URL) {}, http.StatusMethodNotAllowed},
			} {
				if got, _, _ := status(tc.method, back, tc.change); got != tc.want {
					t.Errorf("%s: status %d, want %d", tc.name, got, tc.want)
				}
			}
			got, header, body := status(http.MethodGet, back, func(*url.URL) {})
			if got != http.StatusOK || !strings.Contains(body, "close this page") {
				t.Errorf("redirect: status %d, body %q", got, body)
			}
			if strings.Contains(body, back.Query().Get("code")) {
				t.Error("the page shows the code")
			}
			for name, want := range map[string]string{
				"Content-Security-Policy": "default-src 'none'", "X-Content-Type-Options": "nosniff",
				"Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "Content-Type": "text/html; charset=utf-8",
			} {
				if !strings.HasPrefix(header.Get(name), want) {
					t.Errorf("%s: %q, want %q", name, header.Get(name), want)
				}
			}
		}()
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	<-visited
	if conn, err := net.Dial("tcp", address); err == nil {
		conn.Close()
		t.Error("the listener is still open")
	}
}

func TestRedirectIsAnsweredOnce(t *testing.T) {
	r := &receiver{path: "/", state: "s", answer: make(chan url.Values, 1)}
	for i, want := range []int{http.StatusOK, http.StatusGone, http.StatusGone} {
		w := httptest.NewRecorder()
		r.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/?state=s&code=c"+string(rune('0'+i)), nil))
		if w.Code != want {
			t.Errorf("redirect %d: status %d, want %d", i+1, w.Code, want)
		}
	}
	if got := (<-r.answer).Get("code"); got != "c0" {
		t.Errorf("code = %q, want the first", got)
	}
}

func TestLoopbackDenied(t *testing.T) {
	_, login := newLogin(t)
	_, err := login.Loopback(t.Context(), browser(t, func(u *url.URL) {
		u.RawQuery = url.Values{"error": {"access_denied"}, "state": {u.Query().Get("state")}}.Encode()
	}))
	failure, ok := errors.AsType[*fault.Error](err)
	if !ok || failure.Class != fault.Session || failure.Code != fault.Auth || !strings.Contains(err.Error(), "denied") || !strings.Contains(failure.Hint, "test user") {
		t.Errorf("Loopback = %v, want a denial explained", err)
	}
	if _, err := os.Stat(login.Store.Path()); !errors.Is(err, os.ErrNotExist) {
		t.Error("a denied login left a token file")
	}
}

func TestLoopbackEnds(t *testing.T) {
	_, login := newLogin(t)
	login.Timeout = time.Millisecond
	_, err := login.Loopback(t.Context(), func(string) error { return nil })
	if !errors.Is(err, errLoginTimeout) || fault.CodeOf(err) != fault.Auth {
		t.Errorf("Loopback without an answer = %v", err)
	}
	login.Timeout = 0
	leave := errors.New("I leave")
	ctx, cancel := context.WithCancelCause(t.Context())
	if _, err := login.Loopback(ctx, func(string) error { cancel(leave); return nil }); !errors.Is(err, leave) {
		t.Errorf("Loopback with an ended ctx = %v, want its cause", err)
	}
	broken := errors.New("no browser")
	if _, err := login.Loopback(t.Context(), func(string) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("Loopback = %v, want the error of show", err)
	}
}

func TestWebClientUsesItsRegisteredRedirect(t *testing.T) {
	_, login := newLogin(t)
	login.Client.Web = true
	var registered, asked string
	err := error(syscall.EADDRINUSE)
	for errors.Is(err, syscall.EADDRINUSE) { // somebody else may get the port first
		free, failed := net.Listen("tcp", "127.0.0.1:0")
		if failed != nil {
			t.Fatal(failed)
		}
		registered = "http://" + free.Addr().String()
		free.Close()
		login.Client.RedirectURIs = []string{"https://example.org/", registered}
		_, err = login.Loopback(t.Context(), func(page string) error {
			u, _ := url.Parse(page)
			asked = u.Query().Get("redirect_uri")
			return browser(t, nil)(page)
		})
	}
	if err != nil || asked != registered {
		t.Errorf("Loopback = %v with redirect %s, want %s", err, asked, registered)
	}
	login.Client.RedirectURIs = []string{"https://example.org/"}
	_, err = login.Loopback(t.Context(), func(string) error { return nil })
	if fault.ClassOf(err) != fault.Session || err == nil || !strings.Contains(err.Error(), "redirect URI") {
		t.Errorf("Loopback without a local redirect = %v", err)
	}
	_, err = login.Paste(t.Context(), func(context.Context, string) (string, error) { return "", nil })
	if err == nil || !strings.Contains(err.Error(), "redirect URI") {
		t.Errorf("Paste without a local redirect = %v", err)
	}
}
