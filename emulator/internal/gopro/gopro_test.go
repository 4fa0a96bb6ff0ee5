package gopro_test

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/emulator/internal/emutest"
	"github.com/gondola-sync/gondola/emulator/sample"
)

func TestDoors(t *testing.T) {
	t.Parallel()
	c := emutest.NewCloud(t, emulator.Options{Library: sample.Many(1, 1)})
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
		"no token":                 {[]string{"Accept", emutest.VendorJSON}, 401, `{"error":"invalid_request","error_description":"The access token is invalid or expired"}`},
		"wrong token":              {[]string{"Accept", emutest.VendorJSON, "Authorization", "Bearer x"}, 401, "…"},
		"token without a scheme":   {[]string{"Accept", emutest.VendorJSON, "Authorization", token}, 401, "…"},
		"cookie of another name":   {[]string{"Accept", emutest.VendorJSON, "Cookie", "access_token=" + token}, 401, "…"},
		"bearer":                   {[]string{"Accept", emutest.VendorJSON, "Authorization", "Bearer " + token}, 200, "…"},
		"cookie":                   {[]string{"Accept", emutest.VendorJSON, "Cookie", "gp_access_token=" + token}, 200, "…"},
		"cookie among others":      {[]string{"Accept", emutest.VendorJSON, "Cookie", "a=b; gp_access_token=" + token + "; gp_user_id=x"}, 200, "…"},
		"type of the web site":     {[]string{"Accept", "application/vnd.gopro.jk.media.search+json; version=2.0.0", "Authorization", "Bearer " + token}, 200, "…"},
		"one of several types":     {[]string{"Accept", "text/html, " + emutest.VendorJSON, "Authorization", "Bearer " + token}, 200, "…"},
		"origin and agent ignored": {[]string{"Accept", emutest.VendorJSON, "Authorization", "Bearer " + token, "Origin", "https://x.example", "User-Agent", ""}, 200, "…"},
	} {
		for _, path := range []string{"/media/search", "/media/user", "/media/search?nonsense=1"} {
			response, body := c.Fetch("GET", c.API+path, "", tt.headers...)
			if response.StatusCode != tt.want || tt.body != "…" && body != tt.body {
				t.Errorf("%s: %s answered %d %q, want %d %q", name, path, response.StatusCode, body, tt.want, tt.body)
			}
		}
	}
	if response, _ := c.Fetch("GET", c.API+"/media/playlists/of/mine", ""); response.StatusCode != 406 {
		t.Errorf("unknown path: %d before the negotiation, want 406", response.StatusCode)
	}
	if response, _ := c.Fetch("GET", c.API+"/albums", "", c.SignedIn()...); response.StatusCode != 404 {
		t.Errorf("/albums: %d, want 404", response.StatusCode)
	}
}

func TestTokensEnd(t *testing.T) {
	t.Parallel()
	status := func(c *emutest.Cloud, token string) int {
		response, _ := c.Fetch("GET", c.API+"/media/user", "", "Accept", emutest.VendorJSON, "Authorization", "Bearer "+token)
		return response.StatusCode
	}
	t.Run("by the clock", func(t *testing.T) {
		t.Parallel()
		c := emutest.NewCloud(t, emulator.Options{GoPro: emulator.GoProOptions{TokenLife: time.Hour}})
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
		c := emutest.NewCloud(t, emulator.Options{GoPro: emulator.GoProOptions{TokenRequests: 2, Unauthorized: 500}})
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
		c := emutest.NewCloud(t, emulator.Options{})
		old := c.GoPro.Token()
		c.GoPro.ExpireToken()
		if status(c, old) != 401 || status(c, c.GoPro.Token()) != 200 {
			t.Error("the old token lives or the new one does not")
		}
	})
	if token := emutest.NewCloud(t, emulator.Options{}).GoPro.Token(); strings.Count(token, ".") != 4 || len(token) < 1200 || len(token) > 1350 {
		t.Errorf("token of %d characters does not look like an encrypted one", len(token))
	}
}

func TestTokenEndpoint(t *testing.T) {
	t.Parallel()
	c := emutest.NewCloud(t, emulator.Options{})
	client := url.Values{"client_id": {emulator.GoProClientID}, "client_secret": {emulator.GoProClientSecret}}
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
		response, text := c.Fetch("POST", c.API+"/v1/oauth2/token", body, "Content-Type", kind)
		return response.StatusCode, emutest.DecodeInto[map[string]any](t, text)
	}
	const form, asJSON = "application/x-www-form-urlencoded", "application/json"
	for name, tt := range map[string]struct {
		fields []string
		want   int
		code   string
	}{
		"wrong client":   {[]string{"grant_type", "password", "client_secret", "x"}, 401, "invalid_client"},
		"wrong password": {[]string{"grant_type", "password", "username", emulator.GoProUsername, "password", "x"}, 401, "invalid_grant"},
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
		status, body := post(kind, "grant_type", "password", "username", emulator.GoProUsername, "password", emulator.GoProPassword)
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
