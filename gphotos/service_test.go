package gphotos

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
)

const unit = 256 << 10

// service is the emulated Google Photos. A test may answer requests itself, for what
// the emulator must never say, or lose answers on the way.
type service struct {
	t *testing.T
	e *emulator.Emulator

	mu        sync.Mutex
	handedOut string // what Token returns
	refreshed int
	log       []string // routes

	// before, if not nil, sees each request first and may answer it itself. n
	// counts the requests of the route from 1.
	before func(n int, route string, w http.ResponseWriter, r *http.Request) (done bool)
	// lose, if not nil, reports whether the answer is lost on the way.
	lose func(n int, route string) bool
}

func newService(t *testing.T, options ...emulator.GoogleOptions) *service {
	t.Helper()
	var o emulator.GoogleOptions
	if len(options) > 0 {
		o = options[0]
	}
	e, err := emulator.New(emulator.Options{Google: o})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return &service{t: t, e: e, handedOut: e.Google.Token("")}
}

// Token and Invalidate make the service its own token source.
func (s *service) Token(context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.handedOut, nil
}

func (s *service) Invalidate(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if token == s.handedOut {
		s.refreshed++
		s.handedOut = s.e.Google.Token("")
	}
}

func (s *service) client(o Options) *Client {
	s.t.Helper()
	o.HTTP, o.Tokens = &http.Client{Transport: s}, s
	c, err := NewClient(o)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

func (s *service) destination(o Options) *Destination {
	s.t.Helper()
	d, err := NewDestination(s.client(o), DestinationOptions{
		Account: func(context.Context) (string, error) { return "gphotos:me", nil },
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return d
}

// RoundTrip lets the test answer, or else the emulator.
func (s *service) RoundTrip(r *http.Request) (*http.Response, error) {
	name := route(r)
	s.mu.Lock()
	s.log = append(s.log, name)
	s.mu.Unlock()
	n := s.count(name)
	if s.before != nil {
		if answer, done, err := s.interfere(n, name, r); done || err != nil {
			return answer, cmp.Or(err, r.Context().Err())
		}
	}
	answer, err := s.e.Client().Transport.RoundTrip(r)
	if err == nil && s.lose != nil && s.lose(n, name) {
		answer.Body.Close()
		return nil, io.ErrUnexpectedEOF
	}
	return answer, err
}

// interfere lets the test answer a request. A panic with http.ErrAbortHandler drops
// it.
func (s *service) interfere(n int, name string, r *http.Request) (answer *http.Response, done bool, err error) {
	defer func() {
		if p := recover(); p != nil {
			if p != http.ErrAbortHandler {
				panic(p)
			}
			err = io.ErrUnexpectedEOF
		}
		if (done || err != nil) && r.Body != nil {
			r.Body.Close()
		}
	}()
	w, seen := httptest.NewRecorder(), r.Clone(r.Context())
	if r.Body == nil {
		seen.Body = http.NoBody
	}
	done = s.before(n, name, w, seen)
	return w.Result(), done, nil
}

func route(r *http.Request) string {
	if command := r.Header.Get("X-Goog-Upload-Command"); command != "" {
		return strings.ReplaceAll(command, " ", "")
	}
	if r.Header.Get("X-Goog-Upload-Protocol") == "raw" {
		return "raw"
	}
	return r.Method + " " + r.URL.Path
}

func apiError(w http.ResponseWriter, code int, status, message string) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(code)
	fmt.Fprintf(w, `{"error":{"code":%d,"message":%q,"status":%q}}`, code, message, status)
}

func uploadError(w http.ResponseWriter, code int, message string) {
	w.WriteHeader(code)
	fmt.Fprintf(w, `{"code":3,"message":%q}`, message)
}

// count returns how often a route was asked.
func (s *service) count(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, l := range s.log {
		if l == name {
			n++
		}
	}
	return n
}

// entries returns receipts for contents that have been uploaded, unseen by log and
// before. A content is a photo of its own, unless it says that it is none.
func (s *service) entries(contents ...string) []station.Entry {
	s.t.Helper()
	var out []station.Entry
	for i, c := range contents {
		data := []byte(c)
		if !strings.HasPrefix(c, "not media") {
			data = photoOf(c)
		}
		out = append(out, station.Entry{
			Item:    media.Item{Name: fmt.Sprintf("GX%06d.MP4", i)},
			Receipt: station.Receipt{Token: s.raw(data), Size: int64(len(data)), At: time.Now()},
		})
	}
	return out
}

// raw uploads bytes and returns the upload token.
func (s *service) raw(data []byte) string {
	s.t.Helper()
	r, err := http.NewRequest(http.MethodPost, DefaultBaseURL+"/v1/uploads", bytes.NewReader(data))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.handedOut)
	r.Header.Set("X-Goog-Upload-Protocol", "raw")
	answer, err := s.e.Client().Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer answer.Body.Close()
	token, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		s.t.Fatalf("upload: %s, %v", answer.Status, err)
	}
	return string(token)
}

// create makes an item of a photo and returns its id.
func (s *service) create(content string) string {
	s.t.Helper()
	made, err := s.client(Options{}).BatchCreate(s.t.Context(), "", []NewItem{{Token: s.raw(photoOf(content)), FileName: "x.jpg"}})
	if err != nil || made.Results[0].Item == nil {
		s.t.Fatalf("create: %+v, %v", made, err)
	}
	return made.Results[0].Item.ID
}

// wantHeld makes an item of a receipt and compares its bytes.
func (s *service) wantHeld(d *Destination, r station.Receipt, data []byte) {
	s.t.Helper()
	made, err := d.Create(s.t.Context(), station.Batch{Entries: []station.Entry{{Item: video(r.Size), Receipt: r}}})
	if err != nil || made.Results[0].Err != nil {
		s.t.Fatalf("create: %+v, %v", made, err)
	}
	if items := s.e.Google.Items(); len(items) != 1 || items[0].SHA256 != sum(data) || items[0].Size != int64(len(data)) {
		s.t.Errorf("the service holds %+v, want the %d bytes that were sent", items, len(data))
	}
}

// named returns item-1 for the first item that the service has made, and so on.
func (s *service) named(id string) string {
	at := slices.IndexFunc(s.e.Google.Items(), func(it emulator.Item) bool { return it.ID == id })
	return fmt.Sprintf("item-%d", at+1)
}

// photoOf is a photo that is told apart by a word.
func photoOf(word string) []byte {
	h := fnv.New64()
	io.WriteString(h, word)
	return bytesOf(emulator.NewPhoto(emulator.Shot{Seed: h.Sum64()}, 0))
}

func bytesOf(c emulator.Content) []byte {
	data, err := io.ReadAll(io.NewSectionReader(c, 0, c.Size()))
	if err != nil {
		panic(err) // generated in memory
	}
	return data
}

// leaks reports whether text holds something that must not be shown.
func leaks(text string) bool {
	for _, secret := range []string{"secret", "ya29", "upload_id", "CAIS", "AEnB2U"} { // the last two begin tokens and sessions
		if strings.Contains(text, secret) {
			return true
		}
	}
	return false
}
