package gopro

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gondola-sync/gondola/fault"
)

func TestNew(t *testing.T) {
	for _, tc := range []struct {
		name string
		o    Options
		code string // of the fault; "-" for another error
	}{
		{"defaults", Options{Token: testToken}, ""},
		{"loopback", Options{Token: testToken, BaseURL: "http://127.0.0.1:8080/"}, ""},
		{"IPv6 loopback", Options{Token: testToken, BaseURL: "http://[::1]:1"}, ""},
		{"pasted token", Options{Token: "Cookie: gp_access_token=tttttttttttt"}, ""},
		{"refresh only", Options{Refresh: &OAuth{ClientID: "i", ClientSecret: "s", RefreshToken: "r"}}, ""},
		{"in the clear", Options{Token: testToken, BaseURL: "http://api.gopro.com"}, "-"},
		{"thumbnails in the clear", Options{Token: testToken, ImageURL: "http://images.gopro.com"}, "-"},
		{"no address", Options{Token: testToken, BaseURL: "api.gopro.com"}, "-"},
		{"with a password", Options{Token: testToken, BaseURL: "https://a:b@api.gopro.com"}, "-"},
		{"no credentials", Options{}, fault.Auth},
		{"no token", Options{Token: "a b"}, fault.Auth},
		{"half an OAuth client", Options{Refresh: &OAuth{ClientID: "i", RefreshToken: "r"}}, fault.Auth},
	} {
		c, err := NewClient(tc.o)
		switch {
		case (err == nil) != (tc.code == ""), tc.code != "-" && fault.CodeOf(err) != tc.code:
			t.Errorf("%s: New = %v, want code %q", tc.name, err, tc.code)
		case err == nil && c == nil:
			t.Errorf("%s: no client", tc.name)
		case tc.code == fault.Auth && !strings.Contains(fault.HintOf(err), "gondola login gopro"):
			t.Errorf("%s: hint %q", tc.name, fault.HintOf(err))
		}
	}
}

func TestRequestCarriesNothingNeedless(t *testing.T) {
	var got *http.Request
	c := newTestClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		writeJSON(w, 200, `{"id":"u","total_count":7,"total_storage":"123"}`)
	}), func(o *Options) { o.UserAgent = "gondola/1.0" })
	account, err := c.User(t.Context())
	if want := (Account{"u", 7, 123}); err != nil || account != want {
		t.Errorf("User = %+v, %v", account, err)
	}
	if got.URL.String() != DefaultBaseURL+"/media/user" {
		t.Errorf("asked %s", got.URL)
	}
	for name, want := range map[string]string{"Accept": accept, "Authorization": "Bearer " + testToken, "User-Agent": "gondola/1.0",
		"Origin": "", "Referer": "", "Cookie": ""} {
		if got.Header.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, got.Header.Get(name), want)
		}
	}
	if n := c.Requests()["gopro"]; n != 1 {
		t.Errorf("%d requests counted", n)
	}
}

// reply is an answer of a scripted service.
type reply struct {
	status int
	header string // "Name: value"
	body   string
}

func (r reply) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	if name, value, ok := strings.Cut(r.header, ": "); ok {
		w.Header().Set(name, value)
	}
	w.WriteHeader(r.status)
	_, _ = io.WriteString(w, r.body)
}

func TestAnswers(t *testing.T) {
	fine := reply{200, "", `{"_embedded":{}}`}
	html := "Content-Type: text/html; charset=utf-8"
	now := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC) // when a bubble of synctest begins
	for _, tc := range []struct {
		name    string
		replies []reply // the last one repeats
		user    reply   // of /media/user
		class   fault.Class
		code    string
		calls   int // without those of /media/user
		least   time.Duration
	}{
		{name: "fine", replies: []reply{fine}, calls: 1},
		{name: "rejected token", replies: []reply{{401, "", `{"error":"invalid_request"}`}}, user: reply{401, "", `{"error":"invalid_request"}`}, class: fault.Session, code: fault.Auth, calls: 1},
		{name: "gone", replies: []reply{{404, "", `{"error":"not_found"}`}}, class: fault.Item, code: fault.Gone, calls: 1},
		{name: "not acceptable", replies: []reply{{406, "", ""}}, user: reply{406, "", ""}, class: fault.Session, code: fault.Protocol, calls: 1},
		{name: "another version", replies: []reply{{410, "", ""}}, user: reply{410, "", ""}, class: fault.Session, code: fault.Protocol, calls: 1},
		{name: "a redirect", replies: []reply{{302, "Location: https://gopro.com/login", ""}}, user: reply{302, "Location: https://gopro.com/login", ""}, class: fault.Session, code: fault.Protocol, calls: 1},
		{name: "bad request", replies: []reply{{400, "", ""}}, class: fault.Item, code: fault.Protocol, calls: 1},
		{name: "turned away", replies: []reply{{403, html, "<html>"}, fine}, calls: 2},
		{name: "forbidden", replies: []reply{{403, "", "{}"}}, user: reply{403, "", "{}"}, class: fault.Session, code: fault.Scope, calls: 1},
		{name: "slow down, seconds", replies: []reply{{429, "Retry-After: 40", ""}, fine}, calls: 2, least: 40 * time.Second},
		{name: "slow down, date", replies: []reply{{429, "Retry-After: " + now.Add(50*time.Second).Format(http.TimeFormat), ""}, fine}, calls: 2, least: 50 * time.Second},
		{name: "down for a while", replies: []reply{{502, html, "<html>"}, {503, "", ""}, {504, "", ""}, {408, "", ""}, fine}, calls: 5},
		{name: "down", replies: []reply{{503, "", ""}}, class: fault.Transient, code: fault.Server, calls: 6},
		{name: "a web page", replies: []reply{{200, html, "<html>"}, fine}, calls: 2},
		{name: "no JSON", replies: []reply{{200, "", "{"}, fine}, calls: 2},
		{name: "500 once", replies: []reply{{500, "", ""}, fine}, calls: 2},
		{name: "401 to the medium alone", replies: []reply{{401, "", `{"error":"invalid_request"}`}}, user: fine, class: fault.Item, code: fault.Protocol, calls: 1},
		{name: "403 to the medium alone", replies: []reply{{403, "", "{}"}}, user: fine, class: fault.Item, code: fault.Protocol, calls: 1},
		{name: "406 to the medium alone", replies: []reply{{406, "", ""}}, user: fine, class: fault.Item, code: fault.Protocol, calls: 1},
		{name: "410 to the medium alone", replies: []reply{{410, "", ""}}, user: fine, class: fault.Item, code: fault.Gone, calls: 1},
		{name: "415 to the medium alone", replies: []reply{{415, "", ""}}, user: fine, class: fault.Item, code: fault.Protocol, calls: 1},
		{name: "a redirect of the medium alone", replies: []reply{{302, "Location: https://gopro.com/login", ""}}, user: fine, class: fault.Item, code: fault.Protocol, calls: 1},
		{name: "403 to the medium, 401 to the account", replies: []reply{{403, "", "{}"}}, user: reply{401, "", ""}, class: fault.Session, code: fault.Auth, calls: 1},
		{name: "403 to the medium while the account is down", replies: []reply{{403, "", "{}"}}, user: reply{503, "", ""}, class: fault.Transient, code: fault.Server, calls: 6},
		{name: "500 to the medium alone", replies: []reply{{500, "", ""}}, user: fine, class: fault.Item, code: fault.Server, calls: 3},
		{name: "500 twice", replies: []reply{{500, "", ""}, {500, "", ""}, fine}, user: fine, calls: 3},
		{name: "500 for a dead token", replies: []reply{{500, "", ""}}, user: reply{401, "", ""}, class: fault.Session, code: fault.Auth, calls: 2},
		{name: "500 for everything", replies: []reply{{500, "", ""}}, user: reply{500, "", ""}, class: fault.Session, code: fault.Auth, calls: 3},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				calls := 0
				c := newTestClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.URL.Path == "/media/user" {
						tc.user.write(w)
						return
					}
					calls++
					tc.replies[min(calls, len(tc.replies))-1].write(w)
				}))
				start := time.Now()
				_, err := c.Manifest(t.Context(), "m")
				if tc.code == "" && err != nil || tc.code != "" && (fault.ClassOf(err) != tc.class || fault.CodeOf(err) != tc.code) {
					t.Errorf("got %v (%s, %s), want %s, %s", err, fault.ClassOf(err), fault.CodeOf(err), tc.class, tc.code)
				}
				if calls != tc.calls {
					t.Errorf("%d calls, want %d", calls, tc.calls)
				}
				if took := time.Since(start); took < tc.least {
					t.Errorf("took %v, want at least %v", took, tc.least)
				}
				if tc.code == fault.Auth && !strings.Contains(fault.HintOf(err), "gondola login gopro") {
					t.Errorf("hint %q", fault.HintOf(err))
				}
			})
		})
	}
}

func TestSearchIsNotOneItem(t *testing.T) {
	c := newTestClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(404) }))
	if _, err := c.Search(t.Context(), Query{Page: 1, PerPage: 50}); fault.ClassOf(err) != fault.Session || fault.CodeOf(err) != fault.Protocol {
		t.Errorf("Search = %v (%s)", err, fault.ClassOf(err))
	}
}

// oauthServer renews tokens: "r1" gives access "a1" and refresh "r2", and so on,
// each once.
type oauthServer struct {
	access  string // the one accepted now
	renewed int
	refuse  string // error instead
	life    int    // seconds
}

func (s *oauthServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/v1/oauth2/token" {
		if r.Header.Get("Authorization") != "Bearer "+s.access {
			writeJSON(w, 401, `{"error":"invalid_request"}`)
			return
		}
		writeJSON(w, 200, `{"id":"u"}`)
		return
	}
	_ = r.ParseForm()
	want := url.Values{"grant_type": {"refresh_token"}, "client_id": {"id"}, "client_secret": {"SECRET"}, "refresh_token": {"r" + string(rune('1'+s.renewed))}}
	switch {
	case s.refuse != "":
		writeJSON(w, 401, `{"error":"`+s.refuse+`","error_description":"SECRET"}`)
	case r.PostForm.Encode() != want.Encode():
		writeJSON(w, 400, `{"error":"invalid_grant"}`)
	default:
		s.renewed++
		s.access = "a" + string(rune('0'+s.renewed))
		body, _ := json.Marshal(map[string]any{"access_token": s.access, "refresh_token": "r" + string(rune('1'+s.renewed)), "expires_in": s.life, "token_type": "bearer"})
		writeJSON(w, 200, string(body))
	}
}

func TestRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := &oauthServer{access: "elsewhere", life: 86400}
		var saved []TokenPair
		o := &OAuth{ClientID: "id", ClientSecret: "SECRET", RefreshToken: "r1",
			Save: func(_ context.Context, t TokenPair) error { saved = append(saved, t); return nil }}
		c := newTestClient(t, server, func(opt *Options) { opt.Refresh = o })
		ask := func() {
			t.Helper()
			if _, err := c.User(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		ask() // the token is rejected, and renewed
		ask()
		if server.renewed != 1 || len(saved) != 1 || saved[0].Access != "a1" || saved[0].Refresh != "r2" || !saved[0].Expiry.Equal(time.Now().Add(24*time.Hour)) {
			t.Fatalf("renewed %d times, saved %+v", server.renewed, saved)
		}
		time.Sleep(23*time.Hour + 31*time.Minute)
		ask() // before it expires
		if server.renewed != 2 {
			t.Errorf("renewed %d times, want 2", server.renewed)
		}
	})
}

// TestRenewalOutlastsItsCaller: the run ends while the service answers. The refresh
// token is spent by then, and the next one has to be saved.
func TestRenewalOutlastsItsCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, end := context.WithCancel(t.Context())
		server := &oauthServer{access: "elsewhere", life: 86400}
		var saved []TokenPair
		o := &OAuth{ClientID: "id", ClientSecret: "SECRET", RefreshToken: "r1",
			Save: func(ctx context.Context, t TokenPair) error { saved = append(saved, t); return ctx.Err() }}
		c := newTestClient(t, server, func(opt *Options) {
			opt.Refresh = o
			inner := opt.HTTP.Transport
			opt.HTTP = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				if r.Method != http.MethodPost {
					return inner.RoundTrip(r)
				}
				end()
				synctest.Wait()
				if err := r.Context().Err(); err != nil {
					return nil, err
				}
				return inner.RoundTrip(r)
			})}
		})
		_, _ = c.User(ctx)
		if len(saved) != 1 || saved[0].Refresh != "r2" {
			t.Errorf("saved %+v, want what the service gave out", saved)
		}
	})
}

func TestRefreshFails(t *testing.T) {
	for _, tc := range []struct {
		name   string
		refuse string
		save   error
		token  string
		code   string
	}{
		{"spent refresh token", "token_blacklisted", nil, testToken, fault.Auth},
		{"wrong client", "invalid_client", nil, "", fault.Auth},
		{"cannot be saved", "", errors.New("disk full"), testToken, fault.State},
	} {
		c := newTestClient(t, &oauthServer{access: "elsewhere", refuse: tc.refuse}, func(o *Options) {
			o.Token = tc.token
			o.Refresh = &OAuth{ClientID: "id", ClientSecret: "SECRET", RefreshToken: "r1", Save: func(context.Context, TokenPair) error { return tc.save }}
		})
		_, err := c.User(t.Context())
		if fault.ClassOf(err) != fault.Session || fault.CodeOf(err) != tc.code || fault.HintOf(err) == "" {
			t.Errorf("%s: %v (%s, %s)", tc.name, err, fault.ClassOf(err), fault.CodeOf(err))
		}
		if strings.Contains(err.Error(), "SECRET") || tc.refuse != "" && !strings.Contains(err.Error(), tc.refuse) {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}

func TestUnreachable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down := roundTrip(func(*http.Request) (*http.Response, error) { return nil, errors.New("connection refused") })
		c, err := NewClient(Options{HTTP: &http.Client{Transport: down}, Token: testToken})
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Medium(t.Context(), "m")
		if fault.ClassOf(err) != fault.Transient || fault.CodeOf(err) != fault.Unreachable || err.Error() != "look up GoPro medium m: connection refused" {
			t.Errorf("%v (%s, %s)", err, fault.ClassOf(err), fault.CodeOf(err))
		}
		cause := errors.New("asked to stop")
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(cause)
		if _, err := c.User(ctx); !errors.Is(err, cause) {
			t.Errorf("after the context ended: %v", err)
		}
	})
}

// A connection that no repetition makes is tried once.
func TestCertificateIsTriedOnce(t *testing.T) {
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	c, err := NewClient(Options{BaseURL: s.URL, Token: testToken, OnWait: func(w fault.Wait) { t.Errorf("waited: %+v", w) }})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.User(t.Context())
	if fault.ClassOf(err) != fault.Session || fault.CodeOf(err) != fault.Unreachable || !strings.Contains(fault.HintOf(err), "intercept") {
		t.Errorf("%v (%s, %s, %q), want a final fault with a hint", err, fault.ClassOf(err), fault.CodeOf(err), fault.HintOf(err))
	}
	if n := c.Requests()["gopro"]; n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestMedium(t *testing.T) {
	cl := emulated(t, &cloud{manifests: map[string]string{"k7Q": `{"id":"k7Q","type":"Photo"}`, "K7q": `{"id":"k7Q"}`}})
	c := newTestClient(t, cl, func(o *Options) { o.Retry.Attempts = 1 })
	if row, err := c.Medium(t.Context(), "k7Q"); err != nil || row.Type != "Photo" {
		t.Errorf("Medium = %+v, %v", row, err)
	}
	if row, err := c.Medium(t.Context(), "K7q"); fault.CodeOf(err) != fault.Protocol {
		t.Errorf("another medium than asked for: %+v, %v", row, err)
	}
}

func TestAlbums(t *testing.T) {
	pages := map[string]string{
		"1": `{"items":[{"id":"a","title":"Alps","created_at":"2025-06-01T12:00:00Z"},{"id":"b"}],"_pages":{"total_pages":2}}`,
		"2": `{"items":[{"id":"b"},{"id":"c","title":null},{}],"_pages":{"total_pages":2}}`,
	}
	c := newTestClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/media/items" || r.URL.Query().Get("type") != "collection" {
			t.Errorf("asked %s", r.URL)
		}
		writeJSON(w, 200, pages[r.URL.Query().Get("page")])
	}))
	var got []Album
	for a, err := range c.Albums(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, a)
	}
	if len(got) != 3 || got[0] != (Album{ID: "a", Title: "Alps", CreatedAt: noon}) || got[2].ID != "c" {
		t.Errorf("albums %+v", got)
	}
}

func TestThumbnail(t *testing.T) {
	c := newTestClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "image/jpeg")
		if r.URL.Host != "images-01.gopro.com" || r.URL.Path != "/resize/450w/good" || r.Header.Get("Authorization") == "" {
			w.WriteHeader(404)
		}
		_, _ = io.WriteString(w, "jpeg")
	}))
	if b, kind, err := c.Thumbnail(t.Context(), "good"); err != nil || string(b) != "jpeg" || kind != "image/jpeg" {
		t.Errorf("Thumbnail = %q, %q, %v", b, kind, err)
	}
	for _, token := range []string{"SECRET", ""} {
		if _, _, err := c.Thumbnail(t.Context(), token); fault.CodeOf(err) != fault.Gone || strings.Contains(err.Error(), "SECRET") {
			t.Errorf("Thumbnail(%q) = %v", token, err)
		}
	}
}
