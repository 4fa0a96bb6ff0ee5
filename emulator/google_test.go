package emulator

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/emulator/internal/google"
	"github.com/gondola-sync/gondola/emulator/internal/photos"
	"github.com/gondola-sync/gondola/emulator/sample"
)

// photosTest is an emulated Google Photos and a client with a token.
type photosTest struct {
	*testing.T
	e      *Emulator
	client *http.Client
	token  string
}

func newPhotosTest(t *testing.T, o GoogleOptions) *photosTest {
	t.Helper()
	if o.WriteTime == 0 {
		o.WriteTime = -1
	}
	e, err := New(Options{Start: time.Date(2026, 2, 1, 12, 0, 0, 0, time.UTC), Google: o})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return &photosTest{T: t, e: e, client: e.Client(), token: e.Google.Token("")}
}

// reply is an answer that was read to its end.
type reply struct {
	status int
	header http.Header
	body   string
}

type headers map[string]string

const idAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"

const photosRoot = "https://photoslibrary.googleapis.com"

func (p *photosTest) do(method, url string, h headers, body io.Reader) (reply, error) {
	p.Helper()
	if strings.HasPrefix(url, "/") {
		url = photosRoot + url
	}
	req, err := http.NewRequestWithContext(p.Context(), method, url, body)
	if err != nil {
		p.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+p.token)
	for name, value := range h {
		req.Header.Set(name, value)
		if value == "" {
			req.Header.Del(name)
		}
	}
	res, err := p.client.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	return reply{res.StatusCode, res.Header, string(data)}, err
}

func (p *photosTest) must(method, url string, h headers, body string) reply {
	p.Helper()
	r, err := p.do(method, url, h, strings.NewReader(body))
	if err != nil {
		p.Fatal(err)
	}
	return r
}

// ok is must for an answer that has to be 200; into receives its JSON.
func (p *photosTest) ok(method, url, body string, into any) {
	p.Helper()
	r := p.must(method, url, nil, body)
	if r.status != http.StatusOK {
		p.Fatalf("%s %s: %d %s", method, url, r.status, r.body)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal([]byte(r.body), into); err != nil {
		p.Fatal(err)
	}
}

// raw uploads a whole file and returns its token.
func (p *photosTest) raw(data []byte) string {
	p.Helper()
	r := p.must("POST", "/v1/uploads", headers{"X-Goog-Upload-Protocol": "raw"}, string(data))
	if r.status != http.StatusOK {
		p.Fatalf("raw upload: %d %s", r.status, r.body)
	}
	return r.body
}

// begin starts a resumable upload and returns its URL.
func (p *photosTest) begin(size int) string {
	p.Helper()
	r := p.must("POST", "/v1/uploads", headers{
		"X-Goog-Upload-Protocol": "resumable", "X-Goog-Upload-Command": "start", "X-Goog-Upload-Raw-Size": strconv.Itoa(size),
	}, "")
	url := r.header.Get("X-Goog-Upload-URL")
	if r.status != http.StatusOK || url == "" {
		p.Fatalf("start: %d %s", r.status, r.body)
	}
	return url
}

func (p *photosTest) send(url, command string, offset int, data []byte) reply {
	p.Helper()
	return p.must("POST", url, headers{"X-Goog-Upload-Command": command, "X-Goog-Upload-Offset": strconv.Itoa(offset)}, string(data))
}

// received asks how much of an upload has arrived; -1: it is not active.
func (p *photosTest) received(url string) int {
	p.Helper()
	r := p.must("POST", url, headers{"X-Goog-Upload-Command": "query"}, "")
	if r.status != http.StatusOK {
		p.Fatalf("query: %d %s", r.status, r.body)
	}
	n, err := strconv.Atoi(r.header.Get("X-Goog-Upload-Size-Received"))
	if err != nil {
		return -1
	}
	return n
}

func batchBody(albumID string, tokens ...string) string {
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

// create makes items and returns the results.
func (p *photosTest) create(albumID string, tokens ...string) []photos.CreateResult {
	p.Helper()
	var answer photos.CreateAnswer
	p.ok("POST", "/v1/mediaItems:batchCreate", batchBody(albumID, tokens...), &answer)
	return answer.Results
}

// jpegOf is a valid JPEG file, another one for each seed.
func jpegOf(seed int) []byte {
	return contentBytes(sample.NewPhoto(sample.Shot{
		Seed: uint64(seed) + 1, Number: seed, Camera: "HERO13 Black", Width: 96, Height: 72,
		Taken: time.Date(2026, 1, 20, 9, seed%60, 0, 0, time.UTC),
		Place: &sample.Place{Latitude: 46.5, Longitude: 8.0},
	}, 0))
}

// movieOf is a valid MP4 file of at least size bytes.
func movieOf(seed int, size int64) []byte {
	return contentBytes(sample.NewVideo(sample.Shot{
		Seed: uint64(seed) + 1, Number: seed, Camera: "HERO13 Black", Width: 3840, Height: 2160,
		Taken: time.Date(2026, 1, 21, 10, seed%60, 0, 0, time.UTC), Duration: 3 * time.Second,
	}, size))
}

func contentBytes(c sample.Content) []byte {
	data, err := io.ReadAll(io.NewSectionReader(c, 0, c.Size()))
	if err != nil {
		panic(err)
	}
	return data
}

func TestGoogleRefusesOptionsThatCannotBe(t *testing.T) {
	for name, o := range map[string]GoogleOptions{
		"overlap":     {Overlap: "418"},
		"spent":       {SpentTokens: "never"},
		"granularity": {Granularity: -1},
		"client":      {Clients: []OAuthClient{{ID: "x"}}},
	} {
		if _, err := New(Options{Google: o}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestScopes(t *testing.T) {
	p := newPhotosTest(t, GoogleOptions{})
	id := p.create("", p.raw(jpegOf(1)))[0].MediaItem.ID
	const insufficient = `{
  "error": {
    "code": 403,
    "message": "Request had insufficient authentication scopes.",
    "status": "PERMISSION_DENIED"
  }
}
`
	calls := []struct {
		name, method, path, body string
		scopes                   []string // that suffice, one of them
	}{
		{"upload", "POST", "/v1/uploads", "", []string{google.ScopeAppend}},
		{"batchCreate", "POST", "/v1/mediaItems:batchCreate", "{}", []string{google.ScopeAppend}},
		{"albums.create", "POST", "/v1/albums", "{}", []string{google.ScopeAppend}},
		{"get", "GET", "/v1/mediaItems/" + id, "", []string{google.ScopeRead}},
		{"list", "GET", "/v1/mediaItems", "", []string{google.ScopeRead}},
		{"search", "POST", "/v1/mediaItems:search", "", []string{google.ScopeRead}},
		{"batchGet", "GET", "/v1/mediaItems:batchGet?mediaItemIds=" + id, "", []string{google.ScopeRead}},
		{"albums.list", "GET", "/v1/albums", "", []string{google.ScopeRead}},
		{"albums.get", "GET", "/v1/albums/x", "", []string{google.ScopeRead}},
		{"patch", "PATCH", "/v1/mediaItems/" + id + "?updateMask=description", "{}", []string{google.ScopeEdit}},
		{"albums.patch", "PATCH", "/v1/albums/x?updateMask=title", "{}", []string{google.ScopeEdit}},
		{"albums.add", "POST", "/v1/albums/x:batchAddMediaItems", "{}", []string{google.ScopeEdit, google.ScopeAppend}},
		{"albums.remove", "POST", "/v1/albums/x:batchRemoveMediaItems", "{}", []string{google.ScopeEdit, google.ScopeAppend}},
		{"share", "POST", "/v1/albums/x:share", "{}", nil},
		{"unshare", "POST", "/v1/albums/x:unshare", "{}", nil},
		{"sharedAlbums", "GET", "/v1/sharedAlbums", "", nil},
		{"sharedAlbums.join", "POST", "/v1/sharedAlbums:join", "{}", nil},
	}
	all := append(PhotosScopes(), google.ScopePrefix+"photoslibrary", google.ScopePrefix+"photoslibrary.readonly", google.ScopePrefix+"photoslibrary.sharing")
	for _, scope := range all {
		p.token = p.e.Google.Token("", scope)
		for _, c := range calls {
			r := p.must(c.method, c.path, nil, c.body)
			refused := r.status == http.StatusForbidden && r.body == insufficient
			if want := !contains(c.scopes, scope); refused != want {
				t.Errorf("%s with %s: refused %v, want %v: %d %s", c.name, scope, refused, want, r.status, r.body)
			}
		}
	}
}

func contains(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}

func TestCredentialsAtTheDoor(t *testing.T) {
	p := newPhotosTest(t, GoogleOptions{})
	check := func(name, token, text string) {
		t.Helper()
		for _, path := range []string{"/v1/mediaItems", "/v1/albums"} {
			r := p.must("GET", path, headers{"Authorization": token}, "")
			if r.status != 401 || !strings.Contains(r.body, text) || !strings.Contains(r.body, `"status": "UNAUTHENTICATED"`) {
				t.Errorf("%s: %d %s", name, r.status, r.body)
			}
		}
		r := p.must("POST", "/v1/uploads", headers{"Authorization": token}, "")
		if r.status != 401 || !strings.Contains(r.body, text) {
			t.Errorf("%s, upload: %d %s", name, r.status, r.body)
		}
	}
	check("missing", "", "Request is missing required authentication credential.")
	check("unknown", "Bearer ya29.no", "Request had invalid authentication credentials.")
	if r := p.must("GET", "/v1/albums?access_token="+p.token, headers{"Authorization": ""}, ""); r.status != 200 {
		t.Errorf("token in the query: %d", r.status)
	}
	p.e.Google.ExpireAccessTokens()
	check("expired", "Bearer "+p.token, "Request had invalid authentication credentials.")
	p.token = p.e.Google.Token("")
	p.e.Clock.Advance(3600 * time.Second)
	check("aged", "Bearer "+p.token, "Request had invalid authentication credentials.")
	p.token = p.e.Google.Token("")
	p.e.Google.Revoke()
	check("revoked", "Bearer "+p.token, "Request had invalid authentication credentials.")
}

func TestUnknownMethods(t *testing.T) {
	p := newPhotosTest(t, GoogleOptions{})
	id := p.create("", p.raw(jpegOf(1)))[0].MediaItem.ID
	for _, c := range [][2]string{
		{"DELETE", "/v1/mediaItems/" + id}, {"DELETE", "/v1/albums/x"}, {"GET", "/v2/mediaItems"}, {"POST", "/v1/albums/x:paint"},
	} {
		if r := p.must(c[0], c[1], nil, ""); r.status != 404 {
			t.Errorf("%s %s: %d", c[0], c[1], r.status)
		}
	}
}

func TestFaultsOnGoogleRoutes(t *testing.T) {
	p := newPhotosTest(t, GoogleOptions{})
	cases := []struct {
		fault  Fault
		status int
		text   string
	}{
		{Fault{Kind: FaultStatus, Status: 429}, 429, `"quota_limit": "WritesPerMinutePerUser"`},
		{Fault{Kind: FaultQuotaMinute}, 429, `"quota_limit": "WritesPerMinutePerUser"`},
		{Fault{Kind: FaultQuotaDaily}, 429, `"quota_limit": "ApiCallsPerProjectPerDay"`},
		{Fault{Kind: FaultQuotaConcurrent}, 429, `"message": "Quota exceeded for quota 'concurrent write request' of service 'photoslibrary.googleapis.com'."`},
		{Fault{Kind: FaultStatus, Status: 409}, 409, `"status": "ABORTED"`},
		{Fault{Kind: FaultStatus, Status: 500}, 500, `"message": "Internal error encountered."`},
		{Fault{Kind: FaultStatus, Status: 503}, 503, `"status": "UNAVAILABLE"`},
		{Fault{Kind: FaultStatus, Status: 403}, 403, `"message": "The caller does not have permission"`},
		{Fault{Kind: FaultStorageFull}, 400, `"message": "The remaining storage in the user's account is not enough to perform this operation."`},
		{Fault{Kind: FaultExpired}, 401, `"status": "UNAUTHENTICATED"`},
		{Fault{Kind: FaultRevoke}, 401, `"status": "UNAUTHENTICATED"`},
	}
	for _, c := range cases {
		p.token = p.e.Google.Token("")
		c.fault.Route = "photos.batchCreate"
		token := p.raw(jpegOf(7))
		p.e.Faults.Add(c.fault)
		r := p.must("POST", "/v1/mediaItems:batchCreate", nil, batchBody("", token))
		if r.status != c.status || !strings.Contains(r.body, c.text) || r.header.Get("Retry-After") != "" {
			t.Errorf("%s %d: got %d %s", c.fault.Kind, c.fault.Status, r.status, r.body)
		}
	}
	if n := len(p.e.Google.Items()); n != 0 {
		t.Errorf("%d items were created by refused calls", n)
	}
}

func TestQuotaFaultsOnUploadsAreBare(t *testing.T) {
	p := newPhotosTest(t, GoogleOptions{})
	for _, f := range []Fault{{Kind: FaultQuotaDaily}, {Kind: FaultQuotaMinute}, {Kind: FaultStatus, Status: 429}} {
		f.Route = "upload.raw"
		p.e.Faults.Add(f)
		r := p.must("POST", "/v1/uploads", headers{"X-Goog-Upload-Protocol": "raw"}, "abc")
		if r.status != 429 || !strings.HasPrefix(r.body, "{\n  \"code\": 8,\n  \"message\": ") || !strings.Contains(r.body, "quota") {
			t.Errorf("%s: %d %s", f.Kind, r.status, r.body)
		}
	}
}

// TestLostAnswer: a create call is carried out, its answer
// is lost, and the same tokens are sent again.
func TestLostAnswer(t *testing.T) {
	p := newPhotosTest(t, GoogleOptions{})
	token := p.raw(jpegOf(1))
	p.e.Faults.Add(Fault{Route: "photos.batchCreate", Kind: FaultResetAfter})
	if r, err := p.do("POST", "/v1/mediaItems:batchCreate", nil, strings.NewReader(batchBody("", token))); err == nil {
		t.Fatalf("the answer arrived: %d", r.status)
	}
	items := p.e.Google.Items()
	if len(items) != 1 {
		t.Fatalf("%d items, want 1", len(items))
	}
	if again := p.create("", token); again[0].MediaItem.ID != items[0].ID {
		t.Error("the same token made another item")
	}
}

func TestAnotherUserAndAnotherProject(t *testing.T) {
	p := newPhotosTest(t, GoogleOptions{Clients: []OAuthClient{
		{ID: "1-a", Project: "1"}, {ID: "1-b", Project: "1"}, {ID: "2-c", Project: "2"},
	}})
	upload := p.raw(jpegOf(1))
	id := p.create("", upload)[0].MediaItem.ID
	see := map[string]int{}
	for name, token := range map[string]string{
		"other client, same project": p.e.Google.TokenFor("1-b", ""),
		"other project":              p.e.Google.TokenFor("2-c", ""),
		"other user":                 p.e.Google.TokenFor("1-a", "somebody@example.com"),
	} {
		p.token = token
		see[name] = p.must("GET", "/v1/mediaItems/"+id, nil, "").status
		r := p.must("POST", "/v1/mediaItems:batchCreate", nil, batchBody("", upload))
		if wants := name == "other client, same project"; (r.status == 200) != wants {
			t.Errorf("%s: foreign upload token: %d", name, r.status)
		}
	}
	want := map[string]int{"other client, same project": 200, "other project": 404, "other user": 404}
	if !maps.Equal(see, want) {
		t.Errorf("got %v, want %v", see, want)
	}
	// The bytes are the user's, whoever brought them.
	p.token = p.e.Google.TokenFor("2-c", "")
	if again := p.create("", p.raw(jpegOf(1))); again[0].MediaItem.ID != id {
		t.Error("the same bytes through another project made another item")
	}
}

func TestHTMLIsNotEscaped(t *testing.T) {
	if got := google.EncodeJSON(map[string]string{"a": "<'&'>"}); !bytes.Contains(got, []byte("<'&'>")) {
		t.Errorf("got %s", got)
	}
}
