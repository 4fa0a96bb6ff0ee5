package gphotos

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
)

const unit = 256 << 10

// service is the part of Google Photos that this package needs, in memory and
// strict: what the real one refuses, it refuses.
type service struct {
	t *testing.T

	mu        sync.Mutex
	token     string // access token that is good now
	handedOut string // what Tokens returns
	refreshed int
	uploads   map[string][]byte // by upload token
	sessions  map[string]*upload
	items     []MediaItem
	hashes    map[string]string // content hash to item id
	albums    []Album
	albumAt   []time.Time   // when each of them was made
	albumLag  time.Duration // until a new album is listed
	inAlbum   map[string][]string
	log       []string // routes
	writing   bool

	// before, if not nil, sees each request first and may answer it itself. n
	// counts the requests of the route from 1.
	before func(n int, route string, w http.ResponseWriter, r *http.Request) (done bool)
	// lose, if not nil, tells whether the answer is lost on the way.
	lose func(n int, route string) bool
}

type upload struct {
	size  int64
	held  []byte
	final bool
}

func newService(t *testing.T) *service {
	return &service{
		t: t, token: "ya29.secret-1", handedOut: "ya29.secret-1",
		uploads: map[string][]byte{}, sessions: map[string]*upload{},
		hashes: map[string]string{}, inAlbum: map[string][]string{},
	}
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
		s.handedOut = s.token
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

// RoundTrip serves in memory, so that tests run on synctest's clock.
func (s *service) RoundTrip(r *http.Request) (resp *http.Response, err error) {
	var bodyErr error
	served := r.Clone(r.Context())
	served.Body = io.NopCloser(readerFunc(func(p []byte) (int, error) {
		if r.Body == nil {
			return 0, io.EOF
		}
		n, err := r.Body.Read(p)
		if err != nil && err != io.EOF {
			bodyErr = err
		}
		return n, err
	}))
	defer func() {
		if p := recover(); p != nil {
			if p != http.ErrAbortHandler {
				panic(p)
			}
			resp, err = nil, io.ErrUnexpectedEOF
		}
		if bodyErr != nil {
			resp, err = nil, bodyErr
		}
		if r.Body != nil {
			r.Body.Close()
		}
	}()
	rec := httptest.NewRecorder()
	s.ServeHTTP(rec, served)
	return rec.Result(), nil
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func route(r *http.Request) string {
	if command := r.Header.Get("X-Goog-Upload-Command"); command != "" {
		return strings.ReplaceAll(command, " ", "")
	}
	if r.Header.Get("X-Goog-Upload-Protocol") == "raw" {
		return "raw"
	}
	return r.Method + " " + r.URL.Path
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := route(r)
	s.mu.Lock()
	s.log = append(s.log, name)
	n := 0
	for _, l := range s.log {
		if l == name {
			n++
		}
	}
	good := r.Header.Get("Authorization") == "Bearer "+s.token
	s.mu.Unlock()
	if s.before != nil && s.before(n, name, w, r) {
		return
	}
	if !good {
		apiError(w, 401, "UNAUTHENTICATED", "Request had invalid authentication credentials.")
		return
	}
	rec := httptest.NewRecorder()
	s.serve(name, rec, r)
	if s.lose != nil && s.lose(n, name) {
		panic(http.ErrAbortHandler)
	}
	for k, v := range rec.Header() {
		w.Header()[k] = v
	}
	w.WriteHeader(rec.Code)
	w.Write(rec.Body.Bytes())
}

func (s *service) serve(name string, w http.ResponseWriter, r *http.Request) {
	switch {
	case name == "raw":
		s.raw(w, r)
	case name == "start":
		s.start(w, r)
	case r.URL.Path == "/v1/uploads":
		s.session(name, w, r)
	case name == "POST /v1/mediaItems:batchCreate":
		s.batchCreate(w, r)
	case name == "GET /v1/mediaItems:batchGet":
		s.batchGet(w, r)
	case strings.HasPrefix(name, "GET /v1/mediaItems/"):
		s.get(w, strings.TrimPrefix(r.URL.Path, "/v1/mediaItems/"))
	case name == "GET /v1/albums":
		s.listAlbums(w, r)
	case name == "POST /v1/albums":
		s.createAlbum(w, r)
	default:
		apiError(w, 404, "NOT_FOUND", "no such method: "+name)
	}
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

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	json.NewEncoder(w).Encode(v)
}

func (s *service) keep(body []byte) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	token := fmt.Sprintf("upload-token-%d", len(s.uploads)+1)
	s.uploads[token] = bytes.Clone(body)
	return token
}

func (s *service) raw(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	switch {
	case err != nil:
		panic(http.ErrAbortHandler)
	case len(body) == 0:
		uploadError(w, 400, "Payload must not be empty")
	case r.Header.Get("X-Goog-Upload-Content-Type") == "" || r.Header.Get("Content-Type") != "application/octet-stream":
		uploadError(w, 400, "no content type")
	default:
		fmt.Fprintln(w, s.keep(body))
	}
}

func (s *service) start(w http.ResponseWriter, r *http.Request) {
	size, err := strconv.ParseInt(r.Header.Get("X-Goog-Upload-Raw-Size"), 10, 64)
	if err != nil || r.Header.Get("X-Goog-Upload-Protocol") != "resumable" {
		uploadError(w, 400, "bad start")
		return
	}
	id := fmt.Sprintf("secret-session-%d", len(s.sessions)+1)
	s.sessions[id] = &upload{size: size}
	w.Header().Set("X-Goog-Upload-Url", DefaultBaseURL+"/v1/uploads?upload_id="+id+"&upload_protocol=resumable")
	w.Header().Set("X-Goog-Upload-Chunk-Granularity", strconv.Itoa(unit))
	w.Header().Set("X-Goog-Upload-Status", "active")
}

func (s *service) session(command string, w http.ResponseWriter, r *http.Request) {
	up := s.sessions[r.URL.Query().Get("upload_id")]
	if up == nil {
		uploadError(w, 400, "unknown session")
		return
	}
	if command == "query" {
		if up.final {
			w.Header().Set("X-Goog-Upload-Status", "final")
			return
		}
		w.Header().Set("X-Goog-Upload-Status", "active")
		w.Header().Set("X-Goog-Upload-Size-Received", strconv.Itoa(len(up.held)))
		return
	}
	offset, _ := strconv.Atoi(r.Header.Get("X-Goog-Upload-Offset"))
	last := command == "upload,finalize"
	if up.final || offset != len(up.held) || !last && r.ContentLength%unit != 0 || last && int64(offset)+r.ContentLength != up.size {
		uploadError(w, 400, "segment does not fit")
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil || int64(len(body)) != r.ContentLength {
		up.held = append(up.held, body[:len(body)/unit*unit]...)
		panic(http.ErrAbortHandler)
	}
	up.held = append(up.held, body...)
	if !last {
		w.Header().Set("X-Goog-Upload-Status", "active")
		return
	}
	up.final = true
	w.Header().Set("X-Goog-Upload-Status", "final")
	io.WriteString(w, s.keep(up.held))
}

func (s *service) batchCreate(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	if s.writing {
		s.mu.Unlock()
		apiError(w, 429, "RESOURCE_EXHAUSTED", "Quota exceeded for quota 'concurrent write request' of service 'photoslibrary.googleapis.com'.")
		return
	}
	s.writing = true
	defer func() { s.writing = false; s.mu.Unlock() }()
	var req createRequest
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&req); err != nil {
		apiError(w, 400, "INVALID_ARGUMENT", "Invalid JSON payload received. "+err.Error())
		return
	}
	if len(req.NewItems) == 0 || len(req.NewItems) > 50 {
		apiError(w, 400, "INVALID_ARGUMENT", "Request must have less than 50 items.")
		return
	}
	for _, it := range req.NewItems {
		switch _, ok := s.uploads[it.Simple.Token]; {
		case utf8.RuneCountInString(it.Simple.FileName) > 255:
			apiError(w, 400, "INVALID_ARGUMENT", "File name must not have more than 255 characters.")
			return
		case !ok:
			apiError(w, 400, "INVALID_ARGUMENT", "Request must contain a valid upload token.")
			return
		}
	}
	var resp createResponse
	seen := map[string]bool{}
	for _, it := range req.NewItems {
		resp.Results = append(resp.Results, s.createOne(it, req.AlbumID, seen))
	}
	writeJSON(w, resp)
}

func (s *service) createOne(it createNewItem, album string, seen map[string]bool) createResult {
	body := s.uploads[it.Simple.Token]
	failed := func(code int) createResult {
		return createResult{Token: it.Simple.Token, Status: rpcStatus{code, "Failed: There was an error while trying to create this media item."}}
	}
	sum := sha256.Sum256(body)
	key := hex.EncodeToString(sum[:])
	switch {
	case bytes.HasPrefix(body, []byte("not media")):
		return failed(3)
	case bytes.HasPrefix(body, []byte("later")):
		return failed(13)
	case seen[key]:
		return failed(6)
	}
	seen[key] = true
	id, ok := s.hashes[key]
	if !ok {
		id = fmt.Sprintf("item-%d", len(s.items)+1)
		s.hashes[key] = id
		s.items = append(s.items, MediaItem{ID: id, Filename: it.Simple.FileName})
	}
	if album != "" {
		s.inAlbum[album] = append(s.inAlbum[album], id)
	}
	return createResult{Token: it.Simple.Token, Status: rpcStatus{Message: "Success"}, Item: &MediaItem{ID: id, Filename: it.Simple.FileName}}
}

func (s *service) find(id string) *MediaItem {
	if i := slices.IndexFunc(s.items, func(m MediaItem) bool { return m.ID == id }); i >= 0 {
		return &s.items[i]
	}
	return nil
}

func (s *service) get(w http.ResponseWriter, id string) {
	if m := s.find(id); m != nil {
		writeJSON(w, m)
		return
	}
	apiError(w, 404, "NOT_FOUND", "Requested entity was not found.")
}

func (s *service) batchGet(w http.ResponseWriter, r *http.Request) {
	var results []map[string]any
	for _, id := range r.URL.Query()["mediaItemIds"] {
		if m := s.find(id); m != nil {
			results = append(results, map[string]any{"mediaItem": m})
		} else {
			results = append(results, map[string]any{"status": rpcStatus{3, "Invalid media item ID."}})
		}
	}
	writeJSON(w, map[string]any{"mediaItemResults": results})
}

func (s *service) listAlbums(w http.ResponseWriter, r *http.Request) {
	size, _ := strconv.Atoi(r.URL.Query().Get("pageSize"))
	from, _ := strconv.Atoi(r.URL.Query().Get("pageToken"))
	if size < 1 || size > 50 {
		apiError(w, 400, "INVALID_ARGUMENT", "page size")
		return
	}
	listed := s.albums
	if n := len(s.albumAt); n > 0 && time.Since(s.albumAt[n-1]) < s.albumLag {
		listed = listed[:len(listed)-1]
	}
	to := min(from+size, len(listed))
	p := map[string]any{"albums": listed[from:to]}
	if to < len(listed) {
		p["nextPageToken"] = strconv.Itoa(to)
	}
	writeJSON(w, p)
}

func (s *service) createAlbum(w http.ResponseWriter, r *http.Request) {
	var req struct {
		Album struct {
			Title string `json:"title"`
		} `json:"album"`
	}
	if json.NewDecoder(r.Body).Decode(&req) != nil || req.Album.Title == "" {
		apiError(w, 400, "INVALID_ARGUMENT", "title")
		return
	}
	a := Album{ID: fmt.Sprintf("album-%d", len(s.albums)+1), Title: req.Album.Title, IsWriteable: true}
	s.albums, s.albumAt = append(s.albums, a), append(s.albumAt, time.Now())
	writeJSON(w, a)
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

// entries uploads nothing: it makes receipts for contents as if they were
// carried.
func (s *service) entries(contents ...string) []station.Entry {
	var out []station.Entry
	for i, c := range contents {
		out = append(out, station.Entry{
			Item:    media.Item{Name: fmt.Sprintf("GX%06d.MP4", i)},
			Receipt: station.Receipt{Token: s.keep([]byte(c)), Size: int64(len(c)), At: time.Now()},
		})
	}
	return out
}

// leaks reports whether text holds something that must not be shown.
func leaks(text string) bool {
	for _, secret := range []string{"secret", "ya29", "upload_id", "upload-token"} {
		if strings.Contains(text, secret) {
			return true
		}
	}
	return false
}
