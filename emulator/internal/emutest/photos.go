package emutest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/emulator/internal/google"
	"github.com/gondola-sync/gondola/emulator/internal/photos"
	"github.com/gondola-sync/gondola/emulator/sample"
)

// Photos is an emulated Google Photos and a client with a token.
type Photos struct {
	*testing.T
	E       *emulator.Emulator
	HTTP    *http.Client
	Token   string
	app     emulator.OAuthClient // the only one, unless the options have others
	Testing bool                 // publishing status
}

// NewPhotos starts an emulator whose writes take no time. It is closed when the
// test ends.
func NewPhotos(t *testing.T, o emulator.GoogleOptions) *Photos {
	t.Helper()
	if o.WriteTime == 0 {
		o.WriteTime = -1
	}
	if len(o.Clients) == 0 {
		o.Clients = []emulator.OAuthClient{{ID: "app.apps.googleusercontent.com", Secret: "GOCSPX-secret", Project: "407408718192"}}
	}
	e, err := emulator.New(emulator.Options{Start: time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC), Google: o})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return &Photos{T: t, E: e, HTTP: e.Client(), Token: e.Google.Token(""), app: o.Clients[0], Testing: o.Testing}
}

// Reply is an answer that was read to its end.
type Reply struct {
	Status int
	Header http.Header
	Body   string
}

// Headers are added to a request; an empty one is left out of it.
type Headers map[string]string

// IDAlphabet is what ids of items and albums are made of.
const IDAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

const photosRoot = "https://photoslibrary.googleapis.com"

// Do makes a request with the token. A URL without a host is one of the Library API.
func (p *Photos) Do(method, url string, h Headers, body io.Reader) (Reply, error) {
	p.Helper()
	if strings.HasPrefix(url, "/") {
		url = photosRoot + url
	}
	req, err := http.NewRequestWithContext(p.Context(), method, url, body)
	if err != nil {
		p.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+p.Token)
	for name, value := range h {
		req.Header.Set(name, value)
		if value == "" {
			req.Header.Del(name)
		}
	}
	res, err := p.HTTP.Do(req)
	if err != nil {
		return Reply{}, err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	return Reply{res.StatusCode, res.Header, string(data)}, err
}

// Must is Do for a request that has to be answered.
func (p *Photos) Must(method, url string, h Headers, body string) Reply {
	p.Helper()
	r, err := p.Do(method, url, h, strings.NewReader(body))
	if err != nil {
		p.Fatal(err)
	}
	return r
}

// OK is must for an answer that has to be 200; into receives its JSON.
func (p *Photos) OK(method, url, body string, into any) {
	p.Helper()
	r := p.Must(method, url, nil, body)
	if r.Status != http.StatusOK {
		p.Fatalf("%s %s: %d %s", method, url, r.Status, r.Body)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal([]byte(r.Body), into); err != nil {
		p.Fatal(err)
	}
}

// Raw uploads a whole file and returns its token.
func (p *Photos) Raw(data []byte) string {
	p.Helper()
	r := p.Must("POST", "/v1/uploads", Headers{"X-Goog-Upload-Protocol": "raw"}, string(data))
	if r.Status != http.StatusOK {
		p.Fatalf("raw upload: %d %s", r.Status, r.Body)
	}
	return r.Body
}

// Begin starts a resumable upload and returns its URL.
func (p *Photos) Begin(size int) string {
	p.Helper()
	r := p.Must("POST", "/v1/uploads", Headers{
		"X-Goog-Upload-Protocol": "resumable", "X-Goog-Upload-Command": "start", "X-Goog-Upload-Raw-Size": strconv.Itoa(size),
	}, "")
	url := r.Header.Get("X-Goog-Upload-URL")
	if r.Status != http.StatusOK || url == "" {
		p.Fatalf("start: %d %s", r.Status, r.Body)
	}
	return url
}

// Send makes a request to an upload URL.
func (p *Photos) Send(url, command string, offset int, data []byte) Reply {
	p.Helper()
	return p.Must("POST", url, Headers{"X-Goog-Upload-Command": command, "X-Goog-Upload-Offset": strconv.Itoa(offset)}, string(data))
}

// Received asks how much of an upload has arrived; -1: it is not active.
func (p *Photos) Received(url string) int {
	p.Helper()
	r := p.Must("POST", url, Headers{"X-Goog-Upload-Command": "query"}, "")
	if r.Status != http.StatusOK {
		p.Fatalf("query: %d %s", r.Status, r.Body)
	}
	n, err := strconv.Atoi(r.Header.Get("X-Goog-Upload-Size-Received"))
	if err != nil {
		return -1
	}
	return n
}

// BatchBody is the body of batchCreate for upload tokens.
func BatchBody(albumID string, tokens ...string) string {
	req := map[string]any{}
	if albumID != "" {
		req["albumId"] = albumID
	}
	var items []any
	for i, token := range tokens {
		items = append(items, map[string]any{"simpleMediaItem": map[string]any{
			"uploadToken": token, "fileName": "GX01000" + strconv.Itoa(i) + ".JPG",
		}})
	}
	req["newMediaItems"] = items
	return string(google.EncodeJSON(req))
}

// Create makes items and returns the results.
func (p *Photos) Create(albumID string, tokens ...string) []photos.CreateResult {
	p.Helper()
	var answer photos.CreateAnswer
	p.OK("POST", "/v1/mediaItems:batchCreate", BatchBody(albumID, tokens...), &answer)
	return answer.Results
}

// JPEGOf is a valid JPEG file, another one for each seed.
func JPEGOf(seed int) []byte {
	return ContentBytes(sample.NewPhoto(sample.Shot{
		Seed: uint64(seed) + 1, Number: seed, Camera: "HERO13 Black", Width: 96, Height: 72,
		Taken: time.Date(2026, 1, 20, 9, seed%60, 0, 0, time.UTC),
		Place: &sample.Place{Latitude: 46.5, Longitude: 8.0},
	}, 0))
}

// MovieOf is a valid MP4 file of at least size bytes.
func MovieOf(seed int, size int64) []byte {
	return ContentBytes(sample.NewVideo(sample.Shot{
		Seed: uint64(seed) + 1, Number: seed, Camera: "HERO13 Black", Width: 3840, Height: 2160,
		Taken: time.Date(2026, 1, 21, 10, seed%60, 0, 0, time.UTC), Duration: 3 * time.Second,
	}, size))
}

// ContentBytes reads a content whole.
func ContentBytes(c sample.Content) []byte {
	data, err := io.ReadAll(io.NewSectionReader(c, 0, c.Size()))
	if err != nil {
		panic(err)
	}
	return data
}

// NewAlbum creates an album and returns its id.
func (p *Photos) NewAlbum(title string) string {
	p.Helper()
	var a photos.WireAlbum
	p.OK("POST", "/v1/albums", string(google.EncodeJSON(map[string]any{"album": map[string]string{"title": title}})), &a)
	return a.ID
}

// AlbumItems returns the ids of an album's items.
func (p *Photos) AlbumItems(id string) []string {
	p.Helper()
	for _, a := range p.E.Google.Albums() {
		if a.ID == id {
			return a.Items
		}
	}
	p.Fatal("no such album")
	return nil
}

// Fill creates n photos and returns their ids, the newest first.
func (p *Photos) Fill(n int) (ids []string) {
	p.Helper()
	var tokens []string
	for i := range n {
		tokens = append(tokens, p.Raw(JPEGOf(i)))
	}
	for batch := range slices.Chunk(tokens, 50) {
		for _, result := range p.Create("", batch...) {
			ids = append(ids, result.MediaItem.ID)
		}
	}
	slices.Reverse(ids) // as lists have them: newest first
	return ids
}

// PagesOf reads a list to its end and returns the ids of each page.
func (p *Photos) PagesOf(method, path string, size int) (pages [][]string) {
	p.Helper()
	token := ""
	for range 100 {
		var page photos.ItemPage
		if method == "GET" {
			p.OK("GET", fmt.Sprintf("%s?pageSize=%d&pageToken=%s", path, size, token), "", &page)
		} else {
			p.OK("POST", path, fmt.Sprintf(`{"pageSize":%d,"pageToken":%q}`, size, token), &page)
		}
		ids := []string{}
		for _, it := range page.MediaItems {
			ids = append(ids, it.ID)
		}
		pages = append(pages, ids)
		if token = page.NextPageToken; token == "" {
			return pages
		}
	}
	p.Fatal("the list does not end")
	return nil
}

// Message returns the message of an error.
func (p *Photos) Message(method, path, body string) string {
	p.Helper()
	r := p.Must(method, path, nil, body)
	var e struct{ Error google.WireError }
	if err := json.Unmarshal([]byte(r.Body), &e); err != nil {
		p.Fatalf("%s %s: %v: %s", method, path, err, r.Body)
	}
	return strconv.Itoa(r.Status) + " " + e.Error.Status + " " + e.Error.Message
}

// Arrived returns what lies behind an upload token.
func (p *Photos) Arrived(token string) (sum [sha256.Size]byte, size int64) {
	p.Helper()
	made := p.Create("", token)[0]
	if made.MediaItem == nil {
		p.Fatalf("%q stands for nothing: %+v", token, made.Status)
	}
	items := p.E.Google.Items()
	it := items[slices.IndexFunc(items, func(it emulator.Item) bool { return it.ID == made.MediaItem.ID })]
	if _, err := hex.Decode(sum[:], []byte(it.SHA256)); err != nil {
		p.Fatal(err)
	}
	return sum, it.Size
}

// BytesOf returns n bytes, those of a video if there is room for one.
func BytesOf(seed uint64, n int) []byte {
	if n < sample.MinSample {
		return ContentBytes(sample.NewNoise("", seed, int64(n)))
	}
	return ContentBytes(sample.NewVideo(sample.Shot{Seed: seed}, int64(n)))
}

// Other is the same Google Photos for another account.
func (p *Photos) Other(token string) *Photos {
	return &Photos{T: p.T, E: p.E, HTTP: p.HTTP, Token: token}
}

// Granule is the length that chunks of an upload are multiples of.
const Granule = 256 << 10

// ControlRoot is the address of the control API and of the page.
const ControlRoot = "https://emulator.control"
