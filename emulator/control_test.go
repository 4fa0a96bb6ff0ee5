package emulator_test

import (
	"bufio"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/emulator/internal/emutest"
	"github.com/gondola-sync/gondola/emulator/sample"
)

func TestControl(t *testing.T) {
	t.Parallel()
	c := emutest.NewCloud(t, emulator.Options{Library: sample.Many(2, 1)})
	server := c.OnSockets()
	id := c.GoPro.Library()[0].ID
	for _, tt := range []struct {
		name, method, path, body string
		status                   int
		check                    func(body string) bool
	}{
		{"one fault", "POST", "/faults", `{"route":"gopro.user","kind":"status","status":503}`, 204, func(string) bool { return c.Faults.Waiting() == 1 }},
		{"several faults", "POST", "/faults", ` [{"route":"cdn.get","kind":"stall","delay":"1h"},{"kind":"html","call":9}]`, 204, func(string) bool { return c.Faults.Waiting() == 3 }},
		{"unknown fault", "POST", "/faults", `{"kind":"explode"}`, 400, func(b string) bool { return strings.Contains(b, "explode") }},
		{"unknown route", "POST", "/faults", `[{"kind":"html"},{"route":"cdn.gett","kind":"html"}]`, 400, func(b string) bool { return strings.Contains(b, "cdn.gett") && c.Faults.Waiting() == 3 }},
		{"unknown member", "POST", "/faults", `[{"kind":"html","cal":9}]`, 400, func(string) bool { return c.Faults.Waiting() == 3 }},
		{"two values", "POST", "/faults", `{"kind":"html"}{"kind":"html"}`, 400, nil},
		{"take back", "DELETE", "/faults", "", 204, func(string) bool { return c.Faults.Waiting() == 0 }},
		{"clock", "GET", "/clock", "", 200, func(b string) bool { return strings.HasPrefix(b, `{"now":"`) }},
		{"clock forward", "POST", "/clock", `{"advance":"720h"}`, 200, func(string) bool { return time.Until(c.Clock.Now()) > 700*time.Hour }},
		{"clock back", "POST", "/clock", `{"advance":"-1h"}`, 400, nil},
		{"no duration", "POST", "/clock", `{"advance":"soon"}`, 400, nil},
		{"token", "GET", "/gopro/token", "", 200, func(b string) bool { return strings.Contains(b, c.GoPro.Token()) }},
		{"expire token", "POST", "/gopro/token", `{"expire":true}`, 200, func(b string) bool { return strings.Contains(b, c.GoPro.Token()) }},
		{"expire nothing", "POST", "/gopro/token", `{}`, 400, nil},
		{"expire Google's", "POST", "/google/token", `{"expire":true}`, 204, nil},
		{"revoke Google's", "POST", "/google/token", `{"revoke":true}`, 204, nil},
		{"revoke nothing", "POST", "/google/token", `{}`, 400, nil},
		{"what to expect", "GET", "/gopro/items", "", 200, func(b string) bool {
			return strings.Count(b, "\n") == 2 && strings.Contains(b, `{"medium":"`+id+`","part":1,"label":"source","name":"GOPR0001.JPG"`)
		}},
		{"what arrived", "GET", "/google/items", "", 200, func(b string) bool { return b == "" }},
		{"forget nothing", "DELETE", "/google/items/x", "", 404, nil},
		{"wrong method", "PATCH", "/faults", "", 405, nil},
		{"page", "GET", "/", "", 200, func(b string) bool { return strings.Contains(b, "<html") }},
	} {
		response, body := c.Fetch(tt.method, server.ControlURL+tt.path, tt.body)
		if response.StatusCode != tt.status || tt.check != nil && !tt.check(body) {
			t.Errorf("%s: %d %s", tt.name, response.StatusCode, body)
		}
	}
}

func TestControlShowsTheLog(t *testing.T) {
	t.Parallel()
	c := emutest.NewCloud(t, emulator.Options{Library: sample.Many(1, 1)})
	server := c.OnSockets()
	c.Fetch("GET", c.API+"/media/user", "", c.SignedIn()...)
	c.Fetch("GET", c.API+"/media/search?per_page=5", "", c.SignedIn()...)
	_, body := c.Fetch("GET", server.ControlURL+"/log?route=gopro.s*", "")
	lines := bufio.NewScanner(strings.NewReader(body))
	var entries []emulator.Entry
	for lines.Scan() {
		var e emulator.Entry
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		entries = append(entries, e)
	}
	if len(entries) != 1 || entries[0].Route != "gopro.search" || entries[0].Query != "per_page=5" || entries[0].Auth != "bearer" {
		t.Errorf("log: %s", body)
	}
	c.Fetch("DELETE", server.ControlURL+"/log", "")
	if _, body := c.Fetch("GET", server.ControlURL+"/log", ""); body != "" {
		t.Errorf("log after DELETE: %s", body)
	}
}

func TestURLsPointToTheListeners(t *testing.T) {
	t.Parallel()
	c := emutest.NewCloud(t, emulator.Options{Library: sample.Many(1, 1)})
	server := c.OnSockets()
	link := c.SourceURL(c.GoPro.Library()[0].ID)
	if !strings.HasPrefix(link, server.CDNURL+"/") {
		t.Errorf("URL %s does not point to %s", link, server.CDNURL)
	}
	if response, _ := c.Fetch("GET", link, "", "Range", "bytes=10-"); response.StatusCode != 206 {
		t.Errorf("download over sockets: %d", response.StatusCode)
	}
}
