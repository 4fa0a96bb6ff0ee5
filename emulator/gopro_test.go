package emulator

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/emulator/sample"
)

// searchAnswer and manifestAnswer are what a client reads of the answers.
type searchAnswer struct {
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

func (a searchAnswer) ids() []string {
	var ids []string
	for _, row := range a.Embedded.Media {
		ids = append(ids, row["id"].(string))
	}
	return ids
}

type manifestEntry struct {
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

type manifestAnswer struct {
	Filename *string
	Embedded struct {
		Files      []manifestEntry
		Variations []manifestEntry
		Sprites    []map[string]any
		Sidecars   []manifestEntry `json:"sidecar_files"`
	} `json:"_embedded"`
}

func decodeInto[T any](t *testing.T, body string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return v
}

func (c *cloud) search(query string) searchAnswer {
	c.t.Helper()
	response, body := c.fetch("GET", c.api+"/media/search?"+query, "", c.signedIn()...)
	if response.StatusCode != 200 {
		c.t.Fatalf("search %s: %d %s", query, response.StatusCode, body)
	}
	return decodeInto[searchAnswer](c.t, body)
}

func (c *cloud) manifest(id string) manifestAnswer {
	c.t.Helper()
	response, body := c.fetch("GET", c.api+"/media/"+id+"/download", "", c.signedIn()...)
	if response.StatusCode != 200 {
		c.t.Fatalf("download %s: %d %s", id, response.StatusCode, body)
	}
	return decodeInto[manifestAnswer](c.t, body)
}

// sourceURL returns a signed URL of the first original.
func (c *cloud) sourceURL(id string) string {
	c.t.Helper()
	for _, v := range c.manifest(id).Embedded.Variations {
		if v.Label == sample.LabelSource {
			return v.URL
		}
	}
	c.t.Fatalf("download %s lists no source", id)
	return ""
}

// find returns the medium of a library that a test names by its file.
func find(t *testing.T, l sample.Library, filename string) sample.Medium {
	t.Helper()
	for _, m := range l {
		if m.Filename != nil && *m.Filename == filename {
			return m
		}
	}
	t.Fatalf("no medium with the file name %q", filename)
	return sample.Medium{}
}

func TestDoors(t *testing.T) {
	t.Parallel()
	c := newCloud(t, Options{Library: sample.Many(1, 1)})
	token := c.GoPro.Token()
	for name, tt := range map[string]struct {
		headers []string
		want    int
		body    string
	}{
		"no headers":               {nil, 406, ""},
		"json":                     {[]string{"Accept", "application/json", "Authorization", "Bearer " + token}, 406, ""},
		"anything":                 {[]string{"Accept", "*/*", "Authorization", "Bearer " + token}, 406, ""},
		"unknown vendor type":      {[]string{"Accept", "application/vnd.gopro.jk.other+json; version=2.0.0", "Authorization", "Bearer " + token}, 406, ""},
		"other version":            {[]string{"Accept", "application/vnd.gopro.jk.media+json; version=3.0.0"}, 410, ""},
		"no version":               {[]string{"Accept", "application/vnd.gopro.jk.media+json", "Authorization", "Bearer " + token}, 410, ""},
		"no token":                 {[]string{"Accept", vendorJSON}, 401, `{"error":"invalid_request","error_description":"The access token is invalid or expired"}`},
		"wrong token":              {[]string{"Accept", vendorJSON, "Authorization", "Bearer x"}, 401, "…"},
		"token without a scheme":   {[]string{"Accept", vendorJSON, "Authorization", token}, 401, "…"},
		"cookie of another name":   {[]string{"Accept", vendorJSON, "Cookie", "access_token=" + token}, 401, "…"},
		"bearer":                   {[]string{"Accept", vendorJSON, "Authorization", "Bearer " + token}, 200, "…"},
		"cookie":                   {[]string{"Accept", vendorJSON, "Cookie", "gp_access_token=" + token}, 200, "…"},
		"cookie among others":      {[]string{"Accept", vendorJSON, "Cookie", "a=b; gp_access_token=" + token + "; gp_user_id=x"}, 200, "…"},
		"type of the web site":     {[]string{"Accept", "application/vnd.gopro.jk.media.search+json; version=2.0.0", "Authorization", "Bearer " + token}, 200, "…"},
		"one of several types":     {[]string{"Accept", "text/html, " + vendorJSON, "Authorization", "Bearer " + token}, 200, "…"},
		"origin and agent ignored": {[]string{"Accept", vendorJSON, "Authorization", "Bearer " + token, "Origin", "https://x.example", "User-Agent", ""}, 200, "…"},
	} {
		for _, path := range []string{"/media/search", "/media/user", "/media/search?nonsense=1"} {
			response, body := c.fetch("GET", c.api+path, "", tt.headers...)
			if response.StatusCode != tt.want || tt.body != "…" && body != tt.body {
				t.Errorf("%s: %s answered %d %q, want %d %q", name, path, response.StatusCode, body, tt.want, tt.body)
			}
		}
	}
	if response, _ := c.fetch("GET", c.api+"/media/playlists/of/mine", ""); response.StatusCode != 406 {
		t.Errorf("unknown path: %d before the negotiation, want 406", response.StatusCode)
	}
	if response, _ := c.fetch("GET", c.api+"/albums", "", c.signedIn()...); response.StatusCode != 404 {
		t.Errorf("/albums: %d, want 404", response.StatusCode)
	}
}

func TestTokensEnd(t *testing.T) {
	t.Parallel()
	status := func(c *cloud, token string) int {
		response, _ := c.fetch("GET", c.api+"/media/user", "", "Accept", vendorJSON, "Authorization", "Bearer "+token)
		return response.StatusCode
	}
	t.Run("by the clock", func(t *testing.T) {
		t.Parallel()
		c := newCloud(t, Options{GoPro: GoProOptions{TokenLife: time.Hour}})
		c.Clock.Advance(59 * time.Minute)
		if got := status(c, c.GoPro.Token()); got != 200 {
			t.Errorf("before its end: %d", got)
		}
		c.Clock.Advance(time.Minute)
		if got := status(c, c.GoPro.Token()); got != 401 {
			t.Errorf("after its end: %d", got)
		}
	})
	t.Run("by requests, with 500", func(t *testing.T) {
		t.Parallel()
		c := newCloud(t, Options{GoPro: GoProOptions{TokenRequests: 2, Unauthorized: 500}})
		var got []int
		for range 3 {
			got = append(got, status(c, c.GoPro.Token()))
		}
		if !slices.Equal(got, []int{200, 200, 500}) {
			t.Errorf("statuses %v", got)
		}
	})
	t.Run("by command", func(t *testing.T) {
		t.Parallel()
		c := newCloud(t, Options{})
		old := c.GoPro.Token()
		c.GoPro.ExpireToken()
		if status(c, old) != 401 || status(c, c.GoPro.Token()) != 200 {
			t.Error("the old token lives or the new one does not")
		}
	})
	if token := newCloud(t, Options{}).GoPro.Token(); strings.Count(token, ".") != 4 || len(token) < 1200 || len(token) > 1350 {
		t.Errorf("token of %d characters does not look like an encrypted one", len(token))
	}
}

func TestTokenEndpoint(t *testing.T) {
	t.Parallel()
	c := newCloud(t, Options{})
	client := url.Values{"client_id": {GoProClientID}, "client_secret": {GoProClientSecret}}
	post := func(kind string, fields ...string) (int, map[string]any) {
		form := url.Values{}
		for name, value := range client {
			form[name] = value
		}
		for i := 0; i < len(fields); i += 2 {
			form.Set(fields[i], fields[i+1])
		}
		body := form.Encode()
		if kind == "application/json" {
			flat := map[string]string{}
			for name := range form {
				flat[name] = form.Get(name)
			}
			data, _ := json.Marshal(flat)
			body = string(data)
		}
		response, text := c.fetch("POST", c.api+"/v1/oauth2/token", body, "Content-Type", kind)
		return response.StatusCode, decodeInto[map[string]any](t, text)
	}
	const form, asJSON = "application/x-www-form-urlencoded", "application/json"
	for name, tt := range map[string]struct {
		fields []string
		want   int
		code   string
	}{
		"wrong client":   {[]string{"grant_type", "password", "client_secret", "x"}, 401, "invalid_client"},
		"wrong password": {[]string{"grant_type", "password", "username", GoProUsername, "password", "x"}, 401, "invalid_grant"},
		"garbage":        {[]string{"grant_type", "refresh_token", "refresh_token", "x"}, 400, "invalid_grant"},
		"another grant":  {[]string{"grant_type", "implicit"}, 400, "unsupported_grant_type"},
	} {
		for _, kind := range []string{form, asJSON} {
			if status, body := post(kind, tt.fields...); status != tt.want || body["error"] != tt.code {
				t.Errorf("%s as %s: %d %v, want %d %s", name, kind, status, body, tt.want, tt.code)
			}
		}
	}
	for _, kind := range []string{form, asJSON} {
		status, body := post(kind, "grant_type", "password", "username", GoProUsername, "password", GoProPassword)
		if status != 200 || body["access_token"] != c.GoPro.Token() || body["expires_in"] != 86400.0 {
			t.Fatalf("password grant as %s: %d %v", kind, status, body)
		}
		old := body["refresh_token"].(string)
		status, body = post(kind, "grant_type", "refresh_token", "refresh_token", old)
		if status != 200 || body["refresh_token"] == old || body["access_token"] != c.GoPro.Token() {
			t.Errorf("refresh as %s: %d %v", kind, status, body)
		}
		if status, body := post(kind, "grant_type", "refresh_token", "refresh_token", old); status != 401 || body["error"] != "token_blacklisted" {
			t.Errorf("refresh with a used token as %s: %d %v", kind, status, body)
		}
	}
}
