package gphotos

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
)

func TestNewClientChecksURL(t *testing.T) {
	for _, tc := range []struct {
		url string
		ok  bool
	}{
		{"", true},
		{"https://photos.example/", true},
		{"http://127.0.0.1:8080", true},
		{"http://localhost:8080", true},
		{"http://[::1]:8080", true},
		{"http://photos.example", false},
		{"https://user:secret@photos.example", false},
		{"https://photos.example?key=secret", false},
		{"ftp://127.0.0.1", false},
		{"photos.example", false},
		{"http://\x7f", false},
	} {
		_, err := NewClient(Options{BaseURL: tc.url, Tokens: newService(t)})
		if (err == nil) != tc.ok {
			t.Errorf("BaseURL %q: %v", tc.url, err)
		}
		if err != nil && leaks(err.Error()) && !strings.Contains(tc.url, "?") {
			t.Errorf("error shows a secret: %v", err)
		}
	}
	if _, err := NewClient(Options{}); err == nil {
		t.Error("a client without tokens")
	}
}

func TestTrusted(t *testing.T) {
	for _, tc := range []struct {
		home, u string
		want    bool
	}{
		{DefaultBaseURL, DefaultBaseURL + "/v1/uploads?upload_id=x", true},
		{DefaultBaseURL, "https://photoslibrary-upload.googleapis.com/v1/uploads", false},
		{DefaultBaseURL, "https://storage.googleapis.com/v1/uploads", false},
		{DefaultBaseURL, "http://photoslibrary.googleapis.com/v1/uploads", false},
		{DefaultBaseURL, "https://photoslibrary.googleapis.com/evil", false},
		{DefaultBaseURL, "https://photoslibrary.googleapis.com/v1/../evil", false},
		{DefaultBaseURL, "https://photoslibrary.googleapis.com:8443/v1/uploads", false},
		{DefaultBaseURL, "https://me@photoslibrary.googleapis.com/v1/uploads", false},
		{DefaultBaseURL, "https://photoslibrary.googleapis.com.evil.example/v1/uploads", false},
		{DefaultBaseURL, "https://evilgoogleapis.com/v1/uploads", false},
		{DefaultBaseURL, "https://evil.example/v1/uploads", false},
		{"http://127.0.0.1:1", "http://localhost:1/v1/uploads", true},
		{"http://127.0.0.1:1", "http://localhost:2/v1/uploads", false},
		{"http://127.0.0.1:1", "http://10.0.0.1:1/v1/uploads", false},
		{"https://photos.example/root", "https://photos.example/root/v1/uploads", true},
		{"https://photos.example/root", "https://photos.example/v1/uploads", false},
		{"https://photos.example", "https://photoslibrary.googleapis.com/v1/uploads", false},
	} {
		home, err1 := url.Parse(tc.home)
		u, err2 := url.Parse(tc.u)
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		if got := trusted(home, u); got != tc.want {
			t.Errorf("trusted(%s, %s) = %v", tc.home, tc.u, got)
		}
	}
}

// serving answers every request of a route with handle.
func serving(t *testing.T, handle func(n int, r *http.Request) string) (*service, *Client) {
	s := newService(t)
	s.before = func(n int, _ string, w http.ResponseWriter, r *http.Request) bool {
		io.WriteString(w, handle(n, r))
		return true
	}
	return s, s.client(Options{})
}

func TestListingEndsOnlyWithoutToken(t *testing.T) {
	pages := []string{
		`{"mediaItems":[{"id":"1"},{"id":"2"}],"nextPageToken":"a"}`,
		`{"nextPageToken":"b"}`,
		`{"mediaItems":[{"id":"2"},{"id":"3"}],"nextPageToken":"c"}`,
		`{}`,
	}
	var tokens []string
	_, c := serving(t, func(n int, r *http.Request) string {
		tokens = append(tokens, r.URL.Query().Get("pageToken"))
		return pages[n-1]
	})
	var ids []string
	for m, err := range c.List(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, m.ID)
	}
	if !slices.Equal(ids, []string{"1", "2", "3"}) || !slices.Equal(tokens, []string{"", "a", "b", "c"}) {
		t.Errorf("ids %q with tokens %q", ids, tokens)
	}
}

func TestListingThatRepeatsForEver(t *testing.T) {
	_, c := serving(t, func(int, *http.Request) string { return `{"albums":[{"id":"1"}],"nextPageToken":"a"}` })
	var last error
	for _, err := range c.Albums(t.Context()) {
		last = err
	}
	if fault.CodeOf(last) != fault.ListingIncomplete {
		t.Errorf("listing ended with %v", last)
	}
}

func TestSearchBodies(t *testing.T) {
	jan := time.Date(2026, 1, 31, 23, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		q    Query
		want string
	}{
		{Query{}, `{"pageSize":100}`},
		{Query{AlbumID: "A"}, `{"albumId":"A","pageSize":100}`},
		{Query{First: jan, Last: jan}, `{"filters":{"dateFilter":{"ranges":[{"endDate":{"day":31,"month":1,"year":2026},"startDate":{"day":31,"month":1,"year":2026}}]}},"pageSize":100}`},
	} {
		var got string
		_, c := serving(t, func(_ int, r *http.Request) string {
			b, _ := io.ReadAll(r.Body)
			got = string(b)
			return "{}"
		})
		for _, err := range c.Search(t.Context(), tc.q) {
			t.Error(err)
		}
		if got != tc.want {
			t.Errorf("body %s, want %s", got, tc.want)
		}
	}
}

func TestBatchCreateMatchesResultsByToken(t *testing.T) {
	items := []NewItem{{Token: "x"}, {Token: "y"}}
	for _, tc := range []struct {
		name, body, want string
	}{
		{"in order", `[{"uploadToken":"x","mediaItem":{"id":"1"}},{"uploadToken":"y","mediaItem":{"id":"2"}}]`, "1 2"},
		{"out of order", `[{"uploadToken":"y","mediaItem":{"id":"2"}},{"uploadToken":"x","mediaItem":{"id":"1"}}]`, "1 2"},
		{"without echo", `[{"mediaItem":{"id":"1"}},{"mediaItem":{"id":"2"}}]`, "1 2"},
		{"too few", `[{"uploadToken":"x","mediaItem":{"id":"1"}}]`, ""},
		{"foreign", `[{"uploadToken":"x","mediaItem":{"id":"1"}},{"uploadToken":"z","mediaItem":{"id":"2"}}]`, ""},
		{"twice", `[{"uploadToken":"x","mediaItem":{"id":"1"}},{"uploadToken":"x","mediaItem":{"id":"2"}}]`, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, c := serving(t, func(int, *http.Request) string { return `{"newMediaItemResults":` + tc.body + `}` })
			made, err := c.BatchCreate(t.Context(), "", items)
			if tc.want == "" {
				if fault.CodeOf(err) != fault.Protocol {
					t.Errorf("BatchCreate = %v, %v", made, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := made.Results[0].Item.ID + " " + made.Results[1].Item.ID; got != tc.want {
				t.Errorf("results %s, want %s", got, tc.want)
			}
		})
	}
}

func TestOneNewTokenPerCall(t *testing.T) {
	s := newService(t)
	id := s.create("one")
	s.e.Google.ExpireAccessTokens()
	c := s.client(Options{})
	if _, err := c.Get(t.Context(), id); err != nil || s.refreshed != 1 {
		t.Errorf("Get = %v after %d refreshes", err, s.refreshed)
	}
	s.before = func(_ int, _ string, w http.ResponseWriter, _ *http.Request) bool {
		apiError(w, 401, "UNAUTHENTICATED", "no")
		return true
	}
	s.log = nil
	if _, err := c.Get(t.Context(), id); fault.CodeOf(err) != fault.Auth || len(s.log) != 2 {
		t.Errorf("Get = %v after %d requests, want one more attempt and then %s", err, len(s.log), fault.Auth)
	}
}

func TestCallEndsInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t)
		id := s.create("one")
		s.before = func(n int, _ string, _ http.ResponseWriter, r *http.Request) bool {
			if n == 1 {
				<-r.Context().Done()
				panic(http.ErrAbortHandler)
			}
			return false
		}
		began := time.Now()
		if _, err := s.client(Options{}).Get(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took < 180*time.Second || took > 183*time.Second {
			t.Errorf("took %v, want one timeout and one wait", took)
		}
	})
}

func TestAlbum(t *testing.T) {
	s := newService(t, emulator.GoogleOptions{WritesPerMinute: 1000})
	var made []string
	for i := range 70 {
		a, err := s.client(Options{}).CreateAlbum(t.Context(), fmt.Sprint("Trip ", i))
		if err != nil {
			t.Fatal(err)
		}
		made = append(made, a.ID)
	}
	d := s.destination(Options{})
	if id, err := d.Album(t.Context(), "Trip 5"); err != nil || id != made[5] {
		t.Errorf("an album of the second page: %q, %v, want %q", id, err, made[5])
	}
	exact, err := d.Album(t.Context(), "trip 5")
	again, err2 := d.Album(t.Context(), "trip 5")
	if albums := s.e.Google.Albums(); err != nil || err2 != nil || again != exact || len(albums) != 71 || albums[70].ID != exact {
		t.Errorf("another letter case: %q, %v, then %q, %v; %d albums", exact, err, again, err2, len(albums))
	}
	created, err := d.Create(t.Context(), station.Batch{AlbumID: exact, Entries: s.entries("x")})
	if held := s.e.Google.Albums()[70].Items; err != nil || !slices.Equal(held, []string{created.Results[0].ID}) {
		t.Errorf("album holds %q, %v", held, err)
	}
}

// TestAlbumThatIsNotWritable: another one of that title is created.
func TestAlbumThatIsNotWritable(t *testing.T) {
	s := newService(t)
	s.before = func(_ int, route string, w http.ResponseWriter, _ *http.Request) bool {
		listed := route == "GET /v1/albums"
		if listed {
			io.WriteString(w, `{"albums":[{"id":"shared","title":"Trip"}]}`)
		}
		return listed
	}
	id, err := s.destination(Options{}).Album(t.Context(), "Trip")
	if albums := s.e.Google.Albums(); err != nil || len(albums) != 1 || albums[0].ID != id {
		t.Errorf("Album = %q, %v, albums %v", id, err, albums)
	}
}

func TestList(t *testing.T) {
	s := newService(t)
	s.before = func(_ int, route string, w http.ResponseWriter, _ *http.Request) bool {
		if route != "POST /v1/mediaItems:search" {
			return false
		}
		io.WriteString(w, `{"mediaItems":[
			{"id":"a","filename":"GX010048.MP4","mimeType":"video/mp4","mediaMetadata":{"creationTime":"2026-01-30T09:00:00Z","width":"3840","height":"2160","video":{"cameraModel":"HERO13","fps":59.94,"status":"READY"}}},
			{"id":"b","filename":"x.jpg","mimeType":"image/jpeg","mediaMetadata":{"creationTime":"2026-01-29T09:00:00Z"}},
			{"id":"c","filename":"y.jpg","mimeType":"image/jpeg"}]}`)
		return true
	}
	w := media.Window{Start: time.Date(2026, 1, 30, 0, 0, 0, 0, time.UTC)}
	var got []media.Item
	for item, err := range s.destination(Options{}).List(t.Context(), w) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, item)
	}
	want := media.Item{
		ID: media.ID{Station: "gphotos", Medium: "a", Part: 1, Label: "original"}, Name: "GX010048.MP4", Size: media.SizeUnknown,
		MIME: "video/mp4", Kind: media.Video, Type: "video", Width: 3840, Height: 2160, Camera: "HERO13",
		CapturedAt: time.Date(2026, 1, 30, 9, 0, 0, 0, time.UTC),
	}
	if len(got) != 1 || !reflect.DeepEqual(got[0], want) {
		t.Errorf("List = %+v, want only %+v", got, want)
	}
}

func TestRefuse(t *testing.T) {
	d := newService(t).destination(Options{})
	for _, tc := range []struct {
		name string
		mime string
		size int64
		want string
	}{
		{"GX010048.MP4", "video/mp4", 20_000_000_000, ""},
		{"GX010048.MP4", "video/mp4", 20_000_000_001, media.RefusedTooLarge},
		{"GX010048.MP4", "video/mp4", media.SizeUnknown, ""},
		{"GX010048.MP4", "video/mp4", 0, media.RefusedEmpty},
		{"GOPR0001.JPG", "image/jpeg", 200_000_000, ""},
		{"GOPR0001.JPG", "image/jpeg", 200_000_001, media.RefusedTooLarge},
		{"GS010001.360", "video/mp4", 10, media.RefusedType},
		{"GOPR0001.GPR", "image/x-gopro-gpr", 10, media.RefusedType},
		{"GL010048.LRV", "video/mp4", 10, media.RefusedType},
		{"GX010048.THM", "image/jpeg", 10, media.RefusedType},
		{"take.WAV", "audio/wav", 10, media.RefusedType},
		{"noextension", "video/quicktime; x=y", 10, ""},
		{"noextension", "", 10, media.RefusedType},
		{"image.heic", "", 10, ""},
	} {
		got := d.Refuse(media.Item{Name: tc.name, MIME: tc.mime, Size: tc.size})
		switch {
		case (got == nil) != (tc.want == ""), got != nil && got.Code != tc.want:
			t.Errorf("Refuse(%s of %d bytes) = %v, want %q", tc.name, tc.size, got, tc.want)
		case got != nil && !strings.Contains(got.Reason, " "):
			t.Errorf("%s: reason %q is not a sentence", tc.name, got.Reason)
		}
	}
	own := &media.Refusal{Code: media.RefusedProject, Reason: "an edit"}
	if got := d.Refuse(media.Item{Name: "a.mp4", Size: 1, Refusal: own}); got != own {
		t.Errorf("Refuse of a refused item = %v, want its refusal", got)
	}
}

// Over a real connection: headers, redirects and secrets in errors.
func TestOverTheNetwork(t *testing.T) {
	s := newService(t)
	var agent string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		agent = r.UserAgent()
		if r.URL.Path == "/v1/mediaItems/redirect" {
			http.Redirect(w, r, "http://127.0.0.1:1/?secret", http.StatusFound)
			return
		}
		io.WriteString(w, `{"id":"1"}`)
	}))
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	c, err := NewClient(Options{BaseURL: server.URL, HTTP: &http.Client{Transport: transport}, Tokens: s, UserAgent: "gondola/1"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Get(t.Context(), "1"); err != nil || agent != "gondola/1" {
		t.Errorf("Get = %v as %q", err, agent)
	}
	c.retry.Attempts = 1
	if _, err := c.Get(t.Context(), "redirect"); fault.CodeOf(err) != fault.Server || leaks(err.Error()) {
		t.Errorf("Get of a redirect = %v", err)
	}
	server.Close()
	_, err = c.Get(t.Context(), "secret")
	if fault.CodeOf(err) != fault.Unreachable || leaks(err.Error()) {
		t.Errorf("Get from nowhere = %v", err)
	}
}
