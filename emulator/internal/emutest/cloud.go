package emutest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/emulator/sample"
)

// Cloud is an emulator and a client of its GoPro half.
type Cloud struct {
	*emulator.Emulator
	T    *testing.T
	HTTP *http.Client
	API  string
}

// NewCloud starts an emulator. It is closed when the test ends.
func NewCloud(t *testing.T, o emulator.Options) *Cloud {
	t.Helper()
	e, err := emulator.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return &Cloud{Emulator: e, T: t, HTTP: e.Client(), API: "https://api.gopro.com"}
}

// Call makes a request with the headers given in pairs. Its body is closed when
// the test ends.
func (c *Cloud) Call(method, url, body string, headers ...string) (*http.Response, error) {
	c.T.Helper()
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	r, err := http.NewRequestWithContext(c.T.Context(), method, url, content)
	if err != nil {
		c.T.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := c.HTTP.Do(r)
	if err == nil {
		c.T.Cleanup(func() { _ = response.Body.Close() })
	}
	return response, err
}

// Fetch makes a request that must be answered, and reads the answer.
func (c *Cloud) Fetch(method, url, body string, headers ...string) (*http.Response, string) {
	c.T.Helper()
	response, err := c.Call(method, url, body, headers...)
	if err != nil {
		c.T.Fatalf("%s %s: %v", method, url, err)
	}
	data, err := io.ReadAll(response.Body)
	if err != nil {
		c.T.Fatalf("%s %s: %v", method, url, err)
	}
	return response, string(data)
}

// OnSockets lets the client reach the emulator over TCP.
func (c *Cloud) OnSockets() *emulator.Server {
	c.T.Helper()
	server, err := c.Listen("127.0.0.1")
	if err != nil {
		c.T.Fatal(err)
	}
	transport := &http.Transport{}
	c.T.Cleanup(transport.CloseIdleConnections)
	c.HTTP, c.API = &http.Client{Transport: transport}, server.GoProURL
	return server
}

// SignedIn are the headers of a client that does everything right.
func (c *Cloud) SignedIn() []string {
	return []string{"Accept", VendorJSON, "Authorization", "Bearer " + c.GoPro.Token()}
}

// SearchAnswer and manifestAnswer are what a client reads of the answers.
type SearchAnswer struct {
	Embedded struct {
		Errors []struct {
			ID     string
			Reason string
			Code   int
		}
		Media []map[string]any
	} `json:"_embedded"`
	Deleted []map[string]any `json:"deleted_media"`
	Pages   struct {
		Current int `json:"current_page"`
		Per     int `json:"per_page"`
		Items   int `json:"total_items"`
		Pages   int `json:"total_pages"`
	} `json:"_pages"`
}

// IDs returns the ids of the rows.
func (a SearchAnswer) IDs() []string {
	var ids []string
	for _, row := range a.Embedded.Media {
		ids = append(ids, row["id"].(string))
	}
	return ids
}

// ManifestAnswer is what a download lists.
type ManifestAnswer struct {
	Filename *string
	Embedded struct {
		Files      []ManifestEntry
		Variations []ManifestEntry
		Sprites    []map[string]any
		Sidecars   []ManifestEntry `json:"sidecar_files"`
	} `json:"_embedded"`
}

// DecodeInto decodes JSON.
func DecodeInto[T any](t *testing.T, body string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return v
}

// Search makes a search with a query.
func (c *Cloud) Search(query string) SearchAnswer {
	c.T.Helper()
	response, body := c.Fetch("GET", c.API+"/media/search?"+query, "", c.SignedIn()...)
	if response.StatusCode != 200 {
		c.T.Fatalf("search %s: %d %s", query, response.StatusCode, body)
	}
	return DecodeInto[SearchAnswer](c.T, body)
}

// Manifest asks for the download of a medium.
func (c *Cloud) Manifest(id string) ManifestAnswer {
	c.T.Helper()
	response, body := c.Fetch("GET", c.API+"/media/"+id+"/download", "", c.SignedIn()...)
	if response.StatusCode != 200 {
		c.T.Fatalf("download %s: %d %s", id, response.StatusCode, body)
	}
	return DecodeInto[ManifestAnswer](c.T, body)
}

// SourceURL returns a signed URL of the first original.
func (c *Cloud) SourceURL(id string) string {
	c.T.Helper()
	for _, v := range c.Manifest(id).Embedded.Variations {
		if v.Label == sample.LabelSource {
			return v.URL
		}
	}
	c.T.Fatalf("download %s lists no source", id)
	return ""
}

// MediumNamed returns the medium of a library that a test names by its file.
func MediumNamed(t *testing.T, l sample.Library, filename string) sample.Medium {
	t.Helper()
	for _, m := range l {
		if m.Filename != nil && *m.Filename == filename {
			return m
		}
	}
	t.Fatalf("no medium with the file name %q", filename)
	return sample.Medium{}
}

// RangeOf returns the ids in a range, or the status if it is not 200.
func (c *Cloud) RangeOf(name, value string) string {
	c.T.Helper()
	response, body := c.Fetch("GET", c.API+"/media/search?"+name+"="+value, "", c.SignedIn()...)
	if response.StatusCode != 200 {
		return fmt.Sprint(response.StatusCode)
	}
	return strings.Join(DecodeInto[SearchAnswer](c.T, body).IDs(), " ")
}

// As is a client of the same services that is signed in as another account.
func (c *Cloud) As(name string) *Cloud {
	return &Cloud{Emulator: &emulator.Emulator{GoPro: c.Account(name).GoPro}, T: c.T, HTTP: c.HTTP, API: c.API}
}

// VendorJSON is the media type that the API wants to be accepted.
const VendorJSON = "application/vnd.gopro.jk.media+json; version=2.0.0"

// WaitFor returns when a condition holds.
func WaitFor(t *testing.T, done func() bool) {
	t.Helper()
	for ctx := t.Context(); !done(); {
		select {
		case <-ctx.Done():
			t.Fatal("it never came")
		case <-time.After(time.Millisecond):
		}
	}
}

// ManifestEntry is one element of the lists of a download.
type ManifestEntry struct {
	URL       string
	Head      string
	Label     string
	Type      string
	Width     int
	Height    int
	Number    *int    `json:"item_number"`
	Available *bool   `json:"available"`
	FPS       float64 `json:"fps"`
}
