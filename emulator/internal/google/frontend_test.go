package google_test

import (
	"bytes"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/emulator/internal/emutest"
	"github.com/gondola-sync/gondola/emulator/internal/google"
)

func TestGoogleRefusesOptionsThatCannotBe(t *testing.T) {
	for name, o := range map[string]emulator.GoogleOptions{
		"overlap":     {Overlap: "418"},
		"spent":       {SpentTokens: "never"},
		"granularity": {Granularity: -1},
		"client":      {Clients: []emulator.OAuthClient{{ID: "x"}}},
	} {
		if _, err := emulator.New(emulator.Options{Google: o}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestScopes(t *testing.T) {
	p := emutest.NewPhotos(t, emulator.GoogleOptions{})
	id := p.Create("", p.Raw(emutest.JPEGOf(1)))[0].MediaItem.ID
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
	all := append(emulator.PhotosScopes(), google.ScopePrefix+"photoslibrary", google.ScopePrefix+"photoslibrary.readonly", google.ScopePrefix+"photoslibrary.sharing")
	for _, scope := range all {
		p.Token = p.E.Google.Token("", scope)
		for _, c := range calls {
			r := p.Must(c.method, c.path, nil, c.body)
			refused := r.Status == http.StatusForbidden && r.Body == insufficient
			if want := !contains(c.scopes, scope); refused != want {
				t.Errorf("%s with %s: refused %v, want %v: %d %s", c.name, scope, refused, want, r.Status, r.Body)
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
	p := emutest.NewPhotos(t, emulator.GoogleOptions{})
	check := func(name, token, text string) {
		t.Helper()
		for _, path := range []string{"/v1/mediaItems", "/v1/albums"} {
			r := p.Must("GET", path, emutest.Headers{"Authorization": token}, "")
			if r.Status != 401 || !strings.Contains(r.Body, text) || !strings.Contains(r.Body, `"status": "UNAUTHENTICATED"`) {
				t.Errorf("%s: %d %s", name, r.Status, r.Body)
			}
		}
		r := p.Must("POST", "/v1/uploads", emutest.Headers{"Authorization": token}, "")
		if r.Status != 401 || !strings.Contains(r.Body, text) {
			t.Errorf("%s, upload: %d %s", name, r.Status, r.Body)
		}
	}
	check("missing", "", "Request is missing required authentication credential.")
	check("unknown", "Bearer ya29.no", "Request had invalid authentication credentials.")
	if r := p.Must("GET", "/v1/albums?access_token="+p.Token, emutest.Headers{"Authorization": ""}, ""); r.Status != 200 {
		t.Errorf("token in the query: %d", r.Status)
	}
	p.E.Google.ExpireAccessTokens()
	check("expired", "Bearer "+p.Token, "Request had invalid authentication credentials.")
	p.Token = p.E.Google.Token("")
	p.E.Clock.Advance(3600 * time.Second)
	check("aged", "Bearer "+p.Token, "Request had invalid authentication credentials.")
	p.Token = p.E.Google.Token("")
	p.E.Google.Revoke()
	check("revoked", "Bearer "+p.Token, "Request had invalid authentication credentials.")
}

func TestUnknownMethods(t *testing.T) {
	p := emutest.NewPhotos(t, emulator.GoogleOptions{})
	id := p.Create("", p.Raw(emutest.JPEGOf(1)))[0].MediaItem.ID
	for _, c := range [][2]string{
		{"DELETE", "/v1/mediaItems/" + id}, {"DELETE", "/v1/albums/x"}, {"GET", "/v2/mediaItems"}, {"POST", "/v1/albums/x:paint"},
	} {
		if r := p.Must(c[0], c[1], nil, ""); r.Status != 404 {
			t.Errorf("%s %s: %d", c[0], c[1], r.Status)
		}
	}
}

func TestFaultsOnGoogleRoutes(t *testing.T) {
	p := emutest.NewPhotos(t, emulator.GoogleOptions{})
	cases := []struct {
		fault  emulator.Fault
		status int
		text   string
	}{
		{emulator.Fault{Kind: emulator.FaultStatus, Status: 429}, 429, `"quota_limit": "WritesPerMinutePerUser"`},
		{emulator.Fault{Kind: emulator.FaultQuotaMinute}, 429, `"quota_limit": "WritesPerMinutePerUser"`},
		{emulator.Fault{Kind: emulator.FaultQuotaDaily}, 429, `"quota_limit": "ApiCallsPerProjectPerDay"`},
		{emulator.Fault{Kind: emulator.FaultQuotaConcurrent}, 429, `"message": "Quota exceeded for quota 'concurrent write request' of service 'photoslibrary.googleapis.com'."`},
		{emulator.Fault{Kind: emulator.FaultStatus, Status: 409}, 409, `"status": "ABORTED"`},
		{emulator.Fault{Kind: emulator.FaultStatus, Status: 500}, 500, `"message": "Internal error encountered."`},
		{emulator.Fault{Kind: emulator.FaultStatus, Status: 503}, 503, `"status": "UNAVAILABLE"`},
		{emulator.Fault{Kind: emulator.FaultStatus, Status: 403}, 403, `"message": "The caller does not have permission"`},
		{emulator.Fault{Kind: emulator.FaultStorageFull}, 400, `"message": "The remaining storage in the user's account is not enough to perform this operation."`},
		{emulator.Fault{Kind: emulator.FaultExpired}, 401, `"status": "UNAUTHENTICATED"`},
		{emulator.Fault{Kind: emulator.FaultRevoke}, 401, `"status": "UNAUTHENTICATED"`},
	}
	for _, c := range cases {
		p.Token = p.E.Google.Token("")
		c.fault.Route = "photos.batchCreate"
		token := p.Raw(emutest.JPEGOf(7))
		p.E.Faults.Add(c.fault)
		r := p.Must("POST", "/v1/mediaItems:batchCreate", nil, emutest.BatchBody("", token))
		if r.Status != c.status || !strings.Contains(r.Body, c.text) || r.Header.Get("Retry-After") != "" {
			t.Errorf("%s %d: got %d %s", c.fault.Kind, c.fault.Status, r.Status, r.Body)
		}
	}
	if n := len(p.E.Google.Items()); n != 0 {
		t.Errorf("%d items were created by refused calls", n)
	}
}

func TestQuotaFaultsOnUploadsAreBare(t *testing.T) {
	p := emutest.NewPhotos(t, emulator.GoogleOptions{})
	for _, f := range []emulator.Fault{{Kind: emulator.FaultQuotaDaily}, {Kind: emulator.FaultQuotaMinute}, {Kind: emulator.FaultStatus, Status: 429}} {
		f.Route = "upload.raw"
		p.E.Faults.Add(f)
		r := p.Must("POST", "/v1/uploads", emutest.Headers{"X-Goog-Upload-Protocol": "raw"}, "abc")
		if r.Status != 429 || !strings.HasPrefix(r.Body, "{\n  \"code\": 8,\n  \"message\": ") || !strings.Contains(r.Body, "quota") {
			t.Errorf("%s: %d %s", f.Kind, r.Status, r.Body)
		}
	}
}

// TestLostAnswer: a create call is carried out, its answer
// is lost, and the same tokens are sent again.
func TestLostAnswer(t *testing.T) {
	p := emutest.NewPhotos(t, emulator.GoogleOptions{})
	token := p.Raw(emutest.JPEGOf(1))
	p.E.Faults.Add(emulator.Fault{Route: "photos.batchCreate", Kind: emulator.FaultResetAfter})
	if r, err := p.Do("POST", "/v1/mediaItems:batchCreate", nil, strings.NewReader(emutest.BatchBody("", token))); err == nil {
		t.Fatalf("the answer arrived: %d", r.Status)
	}
	items := p.E.Google.Items()
	if len(items) != 1 {
		t.Fatalf("%d items, want 1", len(items))
	}
	if again := p.Create("", token); again[0].MediaItem.ID != items[0].ID {
		t.Error("the same token made another item")
	}
}

func TestAnotherUserAndAnotherProject(t *testing.T) {
	p := emutest.NewPhotos(t, emulator.GoogleOptions{Clients: []emulator.OAuthClient{
		{ID: "1-a", Project: "1"}, {ID: "1-b", Project: "1"}, {ID: "2-c", Project: "2"},
	}})
	upload := p.Raw(emutest.JPEGOf(1))
	id := p.Create("", upload)[0].MediaItem.ID
	see := map[string]int{}
	for name, token := range map[string]string{
		"other client, same project": p.E.Google.TokenFor("1-b", ""),
		"other project":              p.E.Google.TokenFor("2-c", ""),
		"other user":                 p.E.Google.TokenFor("1-a", "somebody@example.com"),
	} {
		p.Token = token
		see[name] = p.Must("GET", "/v1/mediaItems/"+id, nil, "").Status
		r := p.Must("POST", "/v1/mediaItems:batchCreate", nil, emutest.BatchBody("", upload))
		if wants := name == "other client, same project"; (r.Status == 200) != wants {
			t.Errorf("%s: foreign upload token: %d", name, r.Status)
		}
	}
	want := map[string]int{"other client, same project": 200, "other project": 404, "other user": 404}
	if !maps.Equal(see, want) {
		t.Errorf("got %v, want %v", see, want)
	}
	// The bytes are the user's, whichever project brought them.
	p.Token = p.E.Google.TokenFor("2-c", "")
	if again := p.Create("", p.Raw(emutest.JPEGOf(1))); again[0].MediaItem.ID != id {
		t.Error("the same bytes through another project made another item")
	}
}

func TestHTMLIsNotEscaped(t *testing.T) {
	if got := google.EncodeJSON(map[string]string{"a": "<'&'>"}); !bytes.Contains(got, []byte("<'&'>")) {
		t.Errorf("got %s", got)
	}
}
