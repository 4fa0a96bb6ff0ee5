package gphotos

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/resumable"
)

const theToken = "ya29.a0-the-access-token-of-this-test"

// constant is an access token that nothing renews.
type constant string

func (c constant) Token(context.Context) (string, error) { return string(c), nil }
func (constant) Invalidate(string)                       {}

// hostile returns a client of a service that answers as handler does, over real
// sockets.
func hostile(t *testing.T, handler http.HandlerFunc) (*Client, *httptest.Server) {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	client, err := NewClient(Options{BaseURL: server.URL, Tokens: constant(theToken), Retry: fault.Retry{Attempts: 1}, Timeout: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.json.CloseIdleConnections)
	return client, server
}

// uploading returns what sends a session's only segment.
func uploading(t *testing.T, c *Client, at string) error {
	s := resumable.Session{URL: at, Granularity: 1}
	_, err := c.protocol.Finalize(t.Context(), s, resumable.Segment{Length: 4, Total: 4, Body: strings.NewReader("data")})
	return err
}

// TestRedirectsCarryNothing: whatever the status, nobody else is asked.
func TestRedirectsCarryNothing(t *testing.T) {
	var visits atomic.Int64
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visits.Add(1) }))
	t.Cleanup(elsewhere.Close)
	for _, status := range []int{301, 302, 303, 307, 308} {
		c, server := hostile(t, http.RedirectHandler(elsewhere.URL+"/v1/taken", status).ServeHTTP)
		_, getErr := c.Get(t.Context(), "id")
		_, createErr := c.BatchCreate(t.Context(), "", []NewItem{{Token: "an-upload-token", FileName: "a.jpg"}})
		_, rawErr := c.protocol.Raw(t.Context(), resumable.Media{Size: 4}, strings.NewReader("data"))
		_, startErr := c.protocol.Start(t.Context(), resumable.Media{Size: 4})
		for name, err := range map[string]error{
			"get": getErr, "create": createErr, "raw": rawErr, "start": startErr,
			"segment": uploading(t, c, server.URL+"/v1/uploads?upload_id=secret-upload-id"),
		} {
			if err == nil {
				t.Errorf("%s answered %d passed for a success", name, status)
			} else if strings.Contains(err.Error(), theToken) || strings.Contains(err.Error(), "secret-upload-id") {
				t.Errorf("%s answered %d: the error shows a secret: %v", name, status, err)
			}
		}
	}
	if n := visits.Load(); n > 0 {
		t.Errorf("%d requests followed a redirect", n)
	}
}

// TestForeignUploadURLIsNotVisited: a service, or whoever speaks for it, may
// name any upload URL; only its own hosts get the bytes and the token.
func TestForeignUploadURLIsNotVisited(t *testing.T) {
	for _, at := range []string{
		"https://evil.example/v1/uploads?upload_id=x", "http://192.0.2.1/v1/uploads", "https://127.0.0.1.evil.example/", "ftp://127.0.0.1/x",
		"https://user@photoslibrary.googleapis.com/x", "//evil.example/x", "/v1/uploads?upload_id=x", "javascript:alert(1)",
	} {
		c, _ := hostile(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Goog-Upload-Status", "active")
			w.Header().Set("X-Goog-Upload-URL", at)
		})
		session, err := c.protocol.Start(t.Context(), resumable.Media{Size: 4})
		if err == nil {
			err = uploading(t, c, session.URL)
		}
		if err == nil {
			t.Errorf("an upload to %s passed for a success", at)
		}
		if sent := c.uploadRequests.Load(); sent != 1 {
			t.Errorf("%d requests were sent for %s, want the start alone", sent, at)
		}
	}
}

// endless writes zeros until the client has had enough.
func endless(w http.ResponseWriter, status int, head string) (written int64) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	io.WriteString(w, head)
	block := bytes.Repeat([]byte("0"), 64<<10)
	for written < 1<<30 {
		n, err := w.Write(block)
		if written += int64(n); err != nil {
			break
		}
	}
	return written
}

func TestAnswersAreBounded(t *testing.T) {
	var written atomic.Int64
	for _, status := range []int{200, 400, 503} {
		c, server := hostile(t, func(w http.ResponseWriter, _ *http.Request) { written.Store(endless(w, status, `{"id":"`)) })
		_, err := c.Get(t.Context(), "id")
		if err == nil || len(err.Error()) > 4<<10 {
			t.Errorf("get of an endless answer %d: %.200v", status, err)
		}
		if err := uploading(t, c, server.URL); err == nil || len(err.Error()) > 4<<10 {
			t.Errorf("segment with an endless answer %d: %.200v", status, err)
		}
		server.Close() // waits for the handlers
		if n := written.Load(); n > 100<<20 {
			t.Errorf("%d MiB of an endless answer %d were taken", n>>20, status)
		}
	}
}

func TestHeadersAreBounded(t *testing.T) {
	c, server := hostile(t, func(w http.ResponseWriter, _ *http.Request) {
		for n := range 200 {
			w.Header().Set(fmt.Sprintf("X-Filler-%d", n), strings.Repeat("x", 1<<10))
		}
		w.Write([]byte(`{"id":"x"}`))
	})
	if _, err := c.Get(t.Context(), "id"); err == nil {
		t.Error("a header of 200 KiB was taken")
	}
	if err := uploading(t, c, server.URL); err == nil {
		t.Error("a header of 200 KiB was taken for an upload")
	}
}

// TestRefusalsAreSilent: a service may repeat what it was sent; the error does
// not.
func TestRefusalsAreSilent(t *testing.T) {
	const upload = "CAIS+upload/token=of-this-test=="
	c, server := hostile(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		said, _ := json.Marshal(fmt.Sprintf("no %s at %s with %s", r.Header.Get("Authorization"), r.URL, body))
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"error":{"code":400,"message":%s}}`, strings.ReplaceAll(string(said), "=", `\u003d`)) // as Google writes it
	})
	_, getErr := c.Get(t.Context(), "id")
	_, createErr := c.BatchCreate(t.Context(), "", []NewItem{{Token: upload, FileName: "a.jpg"}})
	for name, err := range map[string]error{
		"get": getErr, "create": createErr, "segment": uploading(t, c, server.URL+"/v1/uploads?upload_id=the-upload-id-of-this-test"),
	} {
		if fault.CodeOf(err) == "" && name != "segment" || err == nil || !strings.Contains(err.Error(), "no Bearer …") {
			t.Errorf("%s: %v, want the service's words without the token", name, err)
			continue
		}
		for _, secret := range []string{theToken, "CAIS+upload", "the-upload-id-of-this-test"} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%s repeats %s: %v", name, secret, err)
			}
		}
	}
}

func TestItemRefusalsAreSilent(t *testing.T) {
	const upload = "CAIS+upload/token=of-this-test=="
	results, err := createResponse{Results: []createResult{{Token: upload, Status: rpcStatus{Code: 3, Message: "bad token " + upload}}}}.
		inOrder([]NewItem{{Token: upload}})
	if err != nil || results[0].Message != "bad token …" {
		t.Errorf("inOrder = %+v, %v", results, err)
	}
}
