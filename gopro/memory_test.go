package gopro

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/jsonlimit/limittest"
)

// TestDecodersTakeBoundedMemory: bodies of the full limit that are made of the
// smallest elements.
func TestDecodersTakeBoundedMemory(t *testing.T) {
	limittest.Check(t, maxAnswer, func(b []byte) { decodePage(b, true) },
		`{"_pages":{"total_items":1},"_embedded":{"media":[@]}}`,
		`{"_pages":{"total_items":1},"_embedded":{"media":[{"available_labels":[@]}]}}`,
		`{"_pages":{"total_items":1},"_embedded":{"media":[{%}]}}`,
		`{"_pages":{"total_items":1,%},"_embedded":{"media":[]}}`,
		`{"_pages":{"total_items":1},"_embedded":{"media":[],%}}`, `{%}`, `[@]`)
	limittest.Check(t, maxManifest, func(b []byte) { decodeManifest(b) },
		`{"_embedded":{"files":[@],"variations":[]}}`, `{"_embedded":{"sidecar_files":[@]}}`,
		`{"_embedded":{"variations":[{"urls":[@]}]}}`, `{"_embedded":{"variations":[{%}]}}`, `{"filename":[@],"_embedded":{}}`)
	limittest.Check(t, maxAnswer, func(b []byte) { decodeItems(b, albumOf) }, `{"items":[@]}`, `{"items":[{%}]}`, `{"_pages":{%},"items":[]}`)
	limittest.Check(t, maxAnswer, func(b []byte) { rowOf(decoded(b)) }, `{"id":"m","available_labels":[@]}`, `{%}`)
	limittest.Check(t, 4<<10, func(b []byte) { errorWord(&http.Response{}, b) }, `{"error":[@]}`, `{%}`)
}

// TestListingOfManyFullEntries: entries that are all different, and rows whose
// members are all known, up to the limit.
func TestListingOfManyFullEntries(t *testing.T) {
	for template, decode := range map[string]func([]byte){
		`{"_embedded":{"variations":[` + strings.Repeat(`{"url":"u","label":"l","type":"t","item_number":1},`, maxAnswer/60) + `{}]}}`: func(b []byte) { decodeManifest(b) },
		`{"_pages":{"total_items":1},"_embedded":{"media":[` + strings.Repeat(`{"id":"a","type":"t"},`, maxAnswer/25) + `{}]}}`:        func(b []byte) { decodePage(b, true) },
	} {
		if peak := limittest.Peak(func() { decode([]byte(template)) }); peak > 4*maxAnswer {
			t.Errorf("%.60s…: %d bytes", template, peak)
		}
	}
}

// TestCompressedListing: listings of some kilobytes that become ones of 31 MiB,
// and of as much as is read.
func TestCompressedListing(t *testing.T) {
	for size, refusal := range map[int]string{31 << 20: "longer than 8 MiB", maxAnswer - 1<<10: "elements"} {
		c, _ := hostile(t, bomb(size))
		var err error
		peak := limittest.Peak(func() { _, err = c.Search(t.Context(), Query{Page: 1, PerPage: 100}) })
		if err == nil || !strings.Contains(err.Error(), refusal) || peak > 4*maxAnswer {
			t.Errorf("%d bytes: %v, %d bytes of memory", size, err, peak)
		}
	}
}

// bomb answers with a compressed listing of about so many bytes.
func bomb(size int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		defer z.Close()
		z.Write([]byte(`{"_pages":{"total_items":1},"_embedded":{"media":[{}`))
		for range size / 3000 {
			z.Write([]byte(strings.Repeat(",{}", 1000)))
		}
		z.Write([]byte(`]}}`))
	}
}

// TestAlbumsThatRepeat: pages that bring nothing new end with an error.
func TestAlbumsThatRepeat(t *testing.T) {
	calls := 0
	c, _ := hostile(t, func(w http.ResponseWriter, _ *http.Request) {
		calls++
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"items":[{"id":"a"}],"_pages":{"total_pages":1000000}}`)
	})
	var last error
	albums := 0
	for _, err := range c.Albums(t.Context()) {
		albums++
		last = err
	}
	if last == nil || albums != 2 || calls > 10 {
		t.Errorf("%d albums in %d calls, at the end %v", albums-1, calls, last)
	}
}

// TestRenewalTakesBoundedMemory: so do the answers of the OAuth library.
func TestRenewalTakesBoundedMemory(t *testing.T) {
	for name, body := range limittest.Bodies(maxTokenAnswer, `{"access_token":"t","a":[@]}`, `{"access_token":"t",%}`) {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Write(body)
		}))
		c, err := NewClient(Options{BaseURL: server.URL, Refresh: &OAuth{ClientID: "id", ClientSecret: "secret", RefreshToken: "refresh"}, Retry: fault.Retry{Attempts: 1}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err = c.User(t.Context()); err == nil || !strings.Contains(err.Error(), "larger than it ever is") {
			t.Errorf("%s: %v", name, err)
		}
		c.api.CloseIdleConnections()
		server.Close()
	}
}

func FuzzMemory(f *testing.F) {
	limittest.Fuzz(f, maxAnswer, []func([]byte){
		func(b []byte) { _, _ = decodePage(b, true) },
		func(b []byte) { _, _ = decodeManifest(b) },
		func(b []byte) { _, _ = decodeItems(b, albumOf) },
		func(b []byte) { rowOf(decoded(b)) },
	}, `{"_pages":{"total_items":1},"_embedded":{"media":[@]}}`, `{"_embedded":{"files":[@]}}`, `{"_embedded":{"variations":[{"urls":[@]}]}}`, `{"items":[@]}`)
}
