package main

import (
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"hash/crc32"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// storage takes uploads as Cloud Storage does.
type storage struct {
	url string

	mu      sync.Mutex
	held    []byte
	started int
	log     []string
	object  []byte
	name    string // of the metadata
	// hook, if not nil, may answer a request itself.
	hook func(n int, w http.ResponseWriter, r *http.Request) bool
}

func newStorage(t *testing.T) *storage {
	s := &storage{}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

func (s *storage) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log = append(s.log, strings.TrimSpace(r.Method+" "+r.Header.Get("Content-Range")))
	if s.hook != nil && s.hook(len(s.log), w, r) {
		return
	}
	switch kind := r.URL.Query().Get("uploadType"); {
	case r.Method == http.MethodPut:
		s.chunk(w, r)
	case kind == "media":
		s.object, _ = io.ReadAll(r.Body)
		s.answer(w)
	case kind == "multipart":
		s.multipart(w, r)
	default:
		s.started++
		s.held, s.object = nil, nil
		text, _ := io.ReadAll(r.Body)
		s.name = string(text)
		w.Header().Set("Location", s.url+"/session?upload_id=secret")
	}
}

func (s *storage) multipart(w http.ResponseWriter, r *http.Request) {
	_, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		http.Error(w, err.Error(), 400)
		return
	}
	parts := multipart.NewReader(r.Body, params["boundary"])
	for _, to := range []func([]byte){func(b []byte) { s.name = string(b) }, func(b []byte) { s.object = b }} {
		part, err := parts.NextRawPart()
		if err != nil {
			http.Error(w, err.Error(), 400)
			return
		}
		b, _ := io.ReadAll(part)
		to(b)
	}
	s.answer(w)
}

// chunk takes the bytes that it does not hold.
func (s *storage) chunk(w http.ResponseWriter, r *http.Request) {
	var first, last int64
	span, total, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Content-Range"), "bytes "), "/")
	body, err := io.ReadAll(r.Body)
	if span != "*" {
		fmt.Sscanf(span, "%d-%d", &first, &last)
		if first > int64(len(s.held)) {
			w.WriteHeader(416)
			return
		}
		s.held = append(s.held[:first], body...)
	}
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if total == fmt.Sprint(len(s.held)) {
		s.object = s.held
		s.answer(w)
		return
	}
	if len(s.held) > 0 {
		w.Header().Set("Range", fmt.Sprintf("bytes=0-%d", len(s.held)-1))
	}
	w.WriteHeader(http.StatusPermanentRedirect)
}

func (s *storage) answer(w http.ResponseWriter) {
	sum := md5.Sum(s.object)
	fmt.Fprintf(w, `{"size":"%d","md5Hash":%q,"crc32c":%q}`, len(s.object), base64.StdEncoding.EncodeToString(sum[:]), s.crc())
}

func (s *storage) crc() string {
	c := crc32.Checksum(s.object, crc32.MakeTable(crc32.Castagnoli))
	return base64.StdEncoding.EncodeToString([]byte{byte(c >> 24), byte(c >> 16), byte(c >> 8), byte(c)})
}

// answerBy sets what may answer requests from now on.
func (s *storage) answerBy(hook func(n int, w http.ResponseWriter, r *http.Request) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hook = hook
}

// requests returns what has been asked.
func (s *storage) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.log)
}
