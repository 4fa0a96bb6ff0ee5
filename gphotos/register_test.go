package gphotos

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/station"
)

const batchCreate = "POST /v1/mediaItems:batchCreate"

func (s *service) codes(c station.BatchResult) string {
	var words []string
	for _, r := range c.Results {
		switch {
		case r.Err == nil:
			words = append(words, s.named(r.ID))
		default:
			words = append(words, string(fault.ClassOf(r.Err))+"/"+fault.CodeOf(r.Err))
		}
	}
	return strings.Join(words, " ")
}

func TestCreate(t *testing.T) {
	for _, tc := range []struct {
		name     string
		contents []string
		change   func([]station.Entry)
		set      func(*service)
		want     string
		calls    int
	}{
		{name: "all created", contents: []string{"a", "b", "c"}, want: "item-1 item-2 item-3", calls: 1},
		{name: "each its own fate", contents: []string{"a", "not media", "later", "a", "b"},
			set: func(s *service) {
				s.e.Faults.Add(emulator.Fault{Route: "photos.batchCreate", Kind: emulator.FaultItemCode, Item: 2, Status: 13})
			},
			want: "item-1 item/rejected transient/server transient/duplicate_in_batch item-2", calls: 1},
		{name: "one bad token", contents: []string{"a", "b", "c", "d"},
			change: func(e []station.Entry) { e[2].Receipt.Token = "unknown" },
			want:   "item-1 item-2 item/token_invalid item-3", calls: 5},
		{name: "long name is shortened", contents: []string{"a"},
			change: func(e []station.Entry) { e[0].Item.Name = strings.Repeat("ü", 300) + ".MP4" },
			want:   "item-1", calls: 1},
		{name: "old receipts are not sent", contents: []string{"a", "b"},
			change: func(e []station.Entry) { e[0].Receipt.At = time.Now().Add(-24 * time.Hour) },
			want:   "item/token_invalid item-1", calls: 1},
		{name: "lost answer", contents: []string{"a", "b"},
			set:  func(s *service) { s.lose = func(n int, _ string) bool { return n == 1 } },
			want: "item-1 item-2", calls: 2},
		{name: "spent by a lost attempt", contents: []string{"not media"},
			set:  func(s *service) { s.lose = func(n int, _ string) bool { return n == 1 } },
			want: "item/token_invalid", calls: 2},
		{name: "spent by a run that was killed", contents: []string{"a", "not media", "not media either"},
			change: func(e []station.Entry) { e[1].MaybeSpent = true },
			want:   "item-1 item/token_invalid item/rejected", calls: 1},
		{name: "truncated answer", contents: []string{"a"},
			set: func(s *service) {
				s.before = func(n int, _ string, w http.ResponseWriter, _ *http.Request) bool {
					if n == 1 {
						fmt.Fprint(w, `{"newMediaItemResults":[{"uplo`)
					}
					return n == 1
				}
			}, want: "item-1", calls: 2},
		{name: "created without an id", contents: []string{"a", "b"},
			set: func(s *service) {
				s.before = func(_ int, _ string, w http.ResponseWriter, _ *http.Request) bool {
					fmt.Fprint(w, `{"newMediaItemResults":[{"status":{},"mediaItem":{"id":""}},{"status":{}}]}`)
					return true
				}
			}, want: "transient/protocol transient/protocol", calls: 1},
		{name: "aborted, then down, then fine", contents: []string{"a"},
			set: func(s *service) {
				s.before = func(n int, _ string, w http.ResponseWriter, _ *http.Request) bool {
					switch n {
					case 1:
						apiError(w, 409, "ABORTED", "The operation was aborted.")
					case 2:
						apiError(w, 503, "UNAVAILABLE", "The service is currently unavailable.")
					case 3:
						w.Header().Set("Content-Type", "text/html")
						w.WriteHeader(502)
						fmt.Fprint(w, "<html><title>Bad Gateway</title>")
					}
					return n <= 3
				}
			}, want: "item-1", calls: 4},
		{name: "quota runs out in a bisection", contents: []string{"a", "b", "c", "d"},
			change: func(e []station.Entry) { e[3].Receipt.Token = "unknown" },
			set: func(s *service) {
				s.before = func(n int, _ string, w http.ResponseWriter, _ *http.Request) bool {
					if n == 3 {
						apiError(w, 429, "RESOURCE_EXHAUSTED", "Quota exceeded for quota metric 'All requests' and limit 'All requests per day'")
					}
					return n == 3
				}
			}, want: "item-1 item-2 transient/quota transient/quota", calls: 3},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newService(t)
				entries := s.entries(tc.contents...)
				if tc.change != nil {
					tc.change(entries)
				}
				if tc.set != nil {
					tc.set(s)
				}
				made, err := s.destination(Options{}).Create(t.Context(), station.Batch{Entries: entries})
				if err != nil {
					t.Fatal(err)
				}
				if got := s.codes(made); got != tc.want {
					t.Errorf("results %q, want %q", got, tc.want)
				}
				if got := s.count(batchCreate); got != tc.calls {
					t.Errorf("%d calls, want %d", got, tc.calls)
				}
				for _, r := range made.Results {
					if r.Err != nil && leaks(r.Err.Error()) {
						t.Errorf("result shows a secret: %v", r.Err)
					}
				}
				for _, doc := range made.Responses {
					if !strings.Contains(doc, "newMediaItemResults") {
						t.Errorf("response %q is not what the service said", doc)
					}
				}
			})
		})
	}
}

func TestCreateFailsAsAWhole(t *testing.T) {
	for _, tc := range []struct {
		name    string
		status  int
		message string
		class   fault.Class
		code    string
	}{
		{"storage", 400, "The remaining storage in the user's account is not enough to perform this operation.", fault.Session, fault.Storage},
		{"album", 400, "No permission to add media items to this album.", fault.Session, fault.Album},
		{"down", 503, "The service is currently unavailable.", fault.Transient, fault.Server},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newService(t)
				s.before = func(_ int, _ string, w http.ResponseWriter, _ *http.Request) bool {
					apiError(w, tc.status, "", tc.message)
					return true
				}
				_, err := s.destination(Options{}).Create(t.Context(), station.Batch{Entries: s.entries("a", "b")})
				if fault.ClassOf(err) != tc.class || fault.CodeOf(err) != tc.code {
					t.Errorf("Create = %v, want %s, %s", err, tc.class, tc.code)
				}
			})
		})
	}
}

// No minute sees more writes than the service allows, and no two at a time.
func TestWritesArePaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t)
		var at []time.Time
		s.before = func(_ int, _ string, _ http.ResponseWriter, _ *http.Request) bool {
			at = append(at, time.Now())
			return false
		}
		waits := 0
		d := s.destination(Options{OnWait: func(fault.Wait) { waits++ }})
		began := time.Now()
		done := make(chan error)
		for w := range 2 {
			go func() {
				for i := range 40 {
					_, err := d.Create(t.Context(), station.Batch{Entries: s.entries(fmt.Sprint(w, i))})
					if err != nil {
						done <- err
						return
					}
				}
				done <- nil
			}()
		}
		if err := errors.Join(<-done, <-done); err != nil {
			t.Fatal(err)
		}
		if at[29].Sub(began) > time.Second {
			t.Errorf("thirty writes took %v", at[29].Sub(began))
		}
		if last := at[len(at)-1].Sub(began); last > 2*time.Minute+time.Second {
			t.Errorf("eighty writes took %v, want two waits of a minute", last)
		}
		for i := 30; i < len(at); i++ {
			if gap := at[i].Sub(at[i-30]); gap < time.Minute-time.Millisecond {
				t.Fatalf("writes %d to %d came within %v", i-30, i, gap)
			}
		}
		if waits == 0 {
			t.Error("nobody was told of the waits")
		}
	})
}

func TestFitName(t *testing.T) {
	for _, tc := range []struct{ name, want string }{
		{"GX010048.MP4", "GX010048.MP4"},
		{strings.Repeat("a", 300) + ".MP4", strings.Repeat("a", 251) + ".MP4"},
		{strings.Repeat("😀", 200) + ".jpg", strings.Repeat("😀", 125) + ".jpg"},
		{"a." + strings.Repeat("b", 300), "a." + strings.Repeat("b", 253)},
	} {
		if got := fitName(tc.name); got != tc.want {
			t.Errorf("fitName(%.20q…) = %q, want %q", tc.name, got, tc.want)
		}
	}
}

// offline has no token at first.
type offline struct {
	*service
	fails int
}

func (o *offline) Token(ctx context.Context) (string, error) {
	if o.fails--; o.fails >= 0 {
		return "", &fault.Error{Class: fault.Transient, Code: fault.Unreachable, Op: "refresh", Err: errors.New("no line")}
	}
	return o.service.Token(ctx)
}

// A call that was never sent has spent no token.
func TestRejectionAfterWaitingForAToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t)
		c, err := NewClient(Options{HTTP: &http.Client{Transport: s}, Tokens: &offline{s, 2}})
		if err != nil {
			t.Fatal(err)
		}
		d, err := NewDestination(c, DestinationOptions{Account: func(context.Context) (string, error) { return "gphotos:me", nil }})
		if err != nil {
			t.Fatal(err)
		}
		made, err := d.Create(t.Context(), station.Batch{Entries: s.entries("not media")})
		if err != nil || s.codes(made) != "item/rejected" {
			t.Errorf("Create = %s, %v", s.codes(made), err)
		}
	})
}

func TestDestinationName(t *testing.T) {
	for name, want := range map[string]string{"": "gphotos:", "gphotos@family:": "gphotos@family:"} {
		d, err := NewDestination(new(Client), DestinationOptions{
			Name:    name,
			Account: func(context.Context) (string, error) { return "gphotos:me", nil },
		})
		if err != nil || d.Name() != want {
			t.Errorf("name %q: %q, %v; want %q", name, d.Name(), err, want)
		}
	}
}

// knowing are tokens that know their account.
type knowing struct{ TokenSource }

func (knowing) Account(context.Context) (string, error) { return "3f9a1c", nil }

// TestDestinationAccount: without a name of its own, the account is that of the
// tokens, which have to know it.
func TestDestinationAccount(t *testing.T) {
	own := func(context.Context) (string, error) { return "gphotos:me", nil }
	for _, tc := range []struct {
		tokens  TokenSource
		account func(context.Context) (string, error)
		want    string // "" for an error
	}{
		{knowing{new(service)}, nil, "gphotos:3f9a1c"},
		{knowing{new(service)}, own, "gphotos:me"},
		{new(service), own, "gphotos:me"},
		{new(service), nil, ""},
	} {
		c, err := NewClient(Options{Tokens: tc.tokens})
		if err != nil {
			t.Fatal(err)
		}
		d, err := NewDestination(c, DestinationOptions{Account: tc.account})
		if (err != nil) != (tc.want == "") {
			t.Fatalf("NewDestination: %v, want the account %q", err, tc.want)
		}
		if err != nil {
			continue
		}
		if got, err := d.Account(t.Context()); got != tc.want || err != nil {
			t.Errorf("account %q, %v; want %q", got, err, tc.want)
		}
	}
}

// TestEveryAttemptPassesTheGate, each with a turn of its own.
func TestEveryAttemptPassesTheGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t)
		g := &countingGate{}
		requests := 0
		s.before = func(n int, _ string, w http.ResponseWriter, _ *http.Request) bool {
			if requests++; g.entered != requests || g.left != requests-1 {
				t.Errorf("request %d: the gate was entered %d times and left %d times", requests, g.entered, g.left)
			}
			if n < 4 {
				apiError(w, 503, "UNAVAILABLE", "The service is currently unavailable.")
			}
			return n < 4
		}
		d := s.destination(Options{}).Gate(g)
		if _, err := d.Create(t.Context(), station.Batch{Entries: s.entries("a", "b")}); err != nil {
			t.Fatal(err)
		}
		if requests != 4 || g.left != 4 {
			t.Errorf("%d requests, the gate was left %d times", requests, g.left)
		}
	})
}

// countingGate lets everything through.
type countingGate struct{ entered, left int }

func (g *countingGate) Enter(context.Context) (leave func(), err error) {
	g.entered++
	return func() { g.left++ }, nil
}

// TestWaitingAtAGateHoldsNoTurn: two runs share a client, and one of them waits for
// a lease that the other one holds.
func TestWaitingAtAGateHoldsNoTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t)
		d := s.destination(Options{})
		opened := make(chan struct{})
		waiting, open := d.Gate(closedGate(opened)), d.Gate(&countingGate{})
		done := make(chan error)
		go func() {
			_, err := waiting.Create(t.Context(), station.Batch{Entries: s.entries("a")})
			done <- err
		}()
		synctest.Wait()
		if _, err := open.Create(t.Context(), station.Batch{Entries: s.entries("b")}); err != nil {
			t.Fatal(err)
		}
		close(opened)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	})
}

// closedGate lets writes through when it is closed as a channel.
type closedGate chan struct{}

func (g closedGate) Enter(context.Context) (leave func(), err error) {
	<-g
	return func() {}, nil
}
