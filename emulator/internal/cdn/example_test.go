package cdn_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/gondola-sync/gondola/emulator/internal/cdn"
	"github.com/gondola-sync/gondola/emulator/sample"
)

// A URL that is good for an hour, and part of what it names.
func ExampleSigner() {
	now := time.Date(2025, 6, 1, 9, 0, 0, 0, time.UTC)
	signer := cdn.NewSigner()
	url := signer.URL(http.MethodGet, "https://cdn.example.com", "/1/2/source/default/1.jpg", "GOPR0001.JPG", now.Add(time.Hour))
	r := httptest.NewRequest(http.MethodGet, url, nil)
	fmt.Println(signer.Verify(r, now), signer.Verify(r, now.Add(time.Hour)))

	r.Header.Set("Range", "bytes=3-6")
	w := httptest.NewRecorder()
	cdn.Serve(w, r, cdn.Object{Content: sample.Bytes("a photo"), Tag: `"1"`, Modified: now}, cdn.Both)
	fmt.Println(w.Code, w.Header().Get("Content-Range"), w.Body)
	// Output:
	// true false
	// 206 bytes 3-6/7 hoto
}
