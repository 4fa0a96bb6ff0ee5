package auth

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gondola-sync/gondola/internal/jsonlimit/limittest"
)

// TestFilesTakeBoundedMemory: files of the full limit that are made of the
// smallest elements.
func TestFilesTakeBoundedMemory(t *testing.T) {
	limittest.Check(t, maxFile, func(b []byte) {
		if doc, err := parseDocument(b); err == nil {
			_, _ = doc.credentials()
		}
	}, `{%}`, `{"refresh_token":"r","scopes":[@]}`, `{"refresh_token":"r","gondola":{%}}`, `[@]`)
	limittest.Check(t, maxFile, func(b []byte) { _, _ = parseClient(b) }, `{"installed":{"redirect_uris":[@]}}`, `{"web":{%}}`, `{%}`)
}

// TestAnswersTakeBoundedMemory: what the token endpoint answers is bounded before
// the OAuth library decodes it.
func TestAnswersTakeBoundedMemory(t *testing.T) {
	form := "access_token=t" + strings.Repeat("&a=", maxAnswer/3-10)
	bodies := map[string][]byte{"a form": []byte(form), "too long": bytes.Repeat([]byte(" "), 64*maxAnswer)}
	for name, body := range limittest.Bodies(maxAnswer, `{"access_token":"t","a":[@]}`, `{"access_token":"t",%}`) {
		bodies[name] = body
	}
	for name, body := range bodies {
		tokens := against(t, httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			if name == "a form" {
				w.Header().Set("Content-Type", "application/x-www-form-urlencoded")
			}
			w.Write(body)
		})))
		var err error
		peak := limittest.Peak(func() { _, err = tokens.Token(t.Context()) })
		if err == nil || !strings.Contains(err.Error(), "larger than it ever is") || peak > 4*maxAnswer+2*limittest.Slack {
			t.Errorf("%s: %v, %d bytes of memory", name, err, peak)
		}
	}
}

func FuzzMemory(f *testing.F) {
	limittest.Fuzz(f, maxFile, []func([]byte){
		func(b []byte) { _, _ = parseDocument(b) },
		func(b []byte) { _, _ = parseClient(b) },
	}, `{"refresh_token":"r","scopes":[@]}`, `{"installed":{"redirect_uris":[@]}}`)
}
