package emulator

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"image/jpeg"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
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
		if v.Label == labelSource {
			return v.URL
		}
	}
	c.t.Fatalf("download %s lists no source", id)
	return ""
}

// find returns the medium of a library that a test names by its file.
func find(t *testing.T, l Library, filename string) Medium {
	t.Helper()
	for _, m := range l {
		if m.Filename != nil && *m.Filename == filename {
			return m
		}
	}
	t.Fatalf("no medium with the file name %q", filename)
	return Medium{}
}

func TestDoors(t *testing.T) {
	t.Parallel()
	c := newCloud(t, Options{Library: Many(1, 1)})
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

func TestPages(t *testing.T) {
	t.Parallel()
	c := newCloud(t, Options{Library: Many(450, 3)})
	for _, tt := range []struct {
		query                     string
		rows, per, current, pages int
	}{
		{"", 30, 30, 1, 15},
		{"per_page=100&page=5", 50, 100, 5, 5},
		{"per_page=1000", 200, 200, 1, 3},
		{"per_page=1000&page=3", 50, 200, 3, 3},
		{"page=16", 0, 30, 16, 15},
		{"page=9000000000000000000", 0, 30, 9000000000000000000, 15},
		{"page=0", 0, 30, 0, 15},
	} {
		a := c.search(tt.query)
		if len(a.Embedded.Media) != tt.rows || a.Pages.Per != tt.per || a.Pages.Current != tt.current ||
			a.Pages.Pages != tt.pages || a.Pages.Items != 450 {
			t.Errorf("%q: %d rows, pages %+v, want %+v", tt.query, len(a.Embedded.Media), a.Pages, tt)
		}
	}
	empty := newCloud(t, Options{}).search("")
	if empty.Pages.Items != 0 || empty.Pages.Pages != 0 || empty.Embedded.Media == nil {
		t.Errorf("empty library: %+v", empty)
	}
}

func TestOrders(t *testing.T) {
	t.Parallel()
	c := newCloud(t, Options{Library: Mixed(1)})
	for _, by := range []string{"", "order_by=captured_at", "order_by=created_at"} {
		field := "captured_at"
		if by == "order_by=created_at" {
			field = "created_at"
		}
		rows := c.search("per_page=200&" + by).Embedded.Media
		if !slices.IsSortedFunc(rows, func(a, b map[string]any) int {
			return strings.Compare(b[field].(string), a[field].(string))
		}) {
			t.Errorf("%q: rows are not sorted by %s, newest first", by, field)
		}
	}
}

func TestFieldsAndFilters(t *testing.T) {
	t.Parallel()
	c := newCloud(t, Options{Library: Mixed(1)})
	all := c.search("").Pages.Items
	row := c.search("fields=filename,nonsense&per_page=1").Embedded.Media[0]
	for _, name := range []string{"filename", "id", "gopro_user_id", "source_gumi", "source_mgumi"} {
		if _, ok := row[name]; !ok {
			t.Errorf("a row of one field lacks %s", name)
		}
	}
	if len(row) != 5 {
		t.Errorf("a row of one field has %d: %v", len(row), row)
	}
	if n := len(c.search("per_page=1").Embedded.Media[0]); n < 50 {
		t.Errorf("a row of all fields has %d", n)
	}
	for query, want := range map[string]int{
		"type=Burst": 1, "type=Burst,nonsense": 1, "type=nonsense": all, "type=burst": all, "type=TimeLapse,Continuous": 3,
		"processing_states=uploading": 1, "processing_states=nonsense": all, "xcomposition=export": all - 1, "parent_id=x": all,
		"processing_states=registered,rendering,pretranscoding,transcoding,stabilizing,ready,failure": all - 1,
	} {
		if got := c.search(query).Pages.Items; got != want {
			t.Errorf("%s: %d rows, want %d", query, got, want)
		}
	}
}

func TestRanges(t *testing.T) {
	t.Parallel()
	at := func(text string) time.Time { v, _ := time.Parse(time.RFC3339, text); return v }
	photo := func(id, captured, created string) Medium {
		m := newMaker(1).photo("a.JPG", 0)
		m.ID, m.Captured, m.Created = id, at(captured), at(created)
		return m
	}
	library := Library{
		photo("first", "2026-01-30T00:00:00Z", "2026-02-01T10:00:00Z"),
		photo("last", "2026-01-31T23:59:59Z", "2026-02-02T10:00:00Z"),
		photo("next", "2026-02-01T00:00:00Z", "2026-02-03T10:00:00Z"),
	}
	lenient, strict := newCloud(t, Options{Library: library}), newCloud(t, Options{Library: library, GoPro: GoProOptions{StrictRange: true}})
	const broken = "500"
	for value, want := range map[string]string{
		"2026-01-30T00:00:00.000Z,2026-01-31T23:59:59.999Z": "last first",
		"2026-01-30T00:00:00.000Z,2026-01-30T00:00:00.000Z": "",
		"2026-01-31T00:00:00.000Z,2026-01-30T00:00:00.000Z": "",
		"2026-01-30T00:00:00.000Z":                          broken,
		"2026-01-30T00:00:00Z,2026-01-31T23:59:59Z":         broken,
		"2026-01-30,2026-01-31":                             broken,
		",":                                                 broken,
		"":                                                  broken,
	} {
		for _, c := range []*cloud{lenient, strict} {
			for _, escaped := range []string{url.QueryEscape(value), value} {
				if got := c.rangeOf("captured_range", escaped); got != want {
					t.Errorf("%q: %q, want %q", value, got, want)
				}
			}
		}
	}
	double := "2026-01-30T12:00:00T00:00:00.000Z,2026-02-01T00:00:00+02:00T00:00:00.000Z"
	if got := lenient.rangeOf("captured_range", url.QueryEscape(double)); got != "last first" {
		t.Errorf("double times: %q", got)
	}
	if got := strict.rangeOf("captured_range", url.QueryEscape(double)); got != broken {
		t.Errorf("double times, strict: %q", got)
	}
	extremes := "0001-01-01T00:00:00T00:00:00.000Z,9999-12-31T23:59:59.999999T00:00:00.000Z"
	if got := lenient.rangeOf("captured_range", extremes); got != "next last first" {
		t.Errorf("extremes: %q", got)
	}
	for _, name := range []string{"created_range", "updated_range"} {
		if got := lenient.rangeOf(name, "2026-02-02T00:00:00.000Z,2026-02-02T23:59:59.999Z"); got != "last" {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// rangeOf returns the ids in a range, or the status if it is not 200.
func (c *cloud) rangeOf(name, value string) string {
	c.t.Helper()
	response, body := c.fetch("GET", c.api+"/media/search?"+name+"="+value, "", c.signedIn()...)
	if response.StatusCode != 200 {
		return fmt.Sprint(response.StatusCode)
	}
	return strings.Join(decodeInto[searchAnswer](c.t, body).ids(), " ")
}

func TestPagesGoWrong(t *testing.T) {
	t.Parallel()
	fresh := func(t *testing.T) (*cloud, [][]string) {
		c := newCloud(t, Options{Library: Many(60, 1)})
		var pages [][]string
		for page := 1; page <= 3; page++ {
			pages = append(pages, c.search(fmt.Sprintf("per_page=20&page=%d", page)).ids())
		}
		return c, pages
	}
	const second = "per_page=20&page=2"
	t.Run("short, and full at the next try", func(t *testing.T) {
		t.Parallel()
		c, pages := fresh(t)
		c.Faults.Add(Fault{Route: "gopro.search", Kind: FaultShortPage})
		if a := c.search(second); !slices.Equal(a.ids(), pages[1][:12]) || a.Pages.Items != 60 || a.Pages.Pages != 3 {
			t.Errorf("got %v", a)
		}
		if got := c.search(second).ids(); !slices.Equal(got, pages[1]) {
			t.Errorf("next try: %v", got)
		}
	})
	t.Run("repeated", func(t *testing.T) {
		t.Parallel()
		c, pages := fresh(t)
		c.Faults.Add(Fault{Route: "gopro.search", Kind: FaultRepeatPage})
		if got := c.search(second).ids(); !slices.Equal(got, pages[0]) {
			t.Errorf("got %v", got)
		}
	})
	t.Run("in another order", func(t *testing.T) {
		t.Parallel()
		c, pages := fresh(t)
		c.Faults.Add(Fault{Route: "gopro.search", Kind: FaultReorder})
		got := c.search(second).ids()
		slices.Reverse(got)
		if !slices.Equal(got, pages[1]) {
			t.Errorf("got %v", got)
		}
	})
	t.Run("with rows inserted before", func(t *testing.T) {
		t.Parallel()
		c, pages := fresh(t)
		c.Faults.Add(Fault{Route: "gopro.search", Kind: FaultInsertRows, Count: 2})
		a := c.search(second)
		if !slices.Equal(a.ids()[:2], pages[0][18:]) || a.Pages.Items != 62 {
			t.Errorf("the seam shows %v, want the last two rows of page 1 again", a.ids()[:2])
		}
		if n := len(c.GoPro.Expected()); n != 62 {
			t.Errorf("%d files expected, want the inserted ones too", n)
		}
	})
	t.Run("with rows removed before", func(t *testing.T) {
		t.Parallel()
		c, pages := fresh(t)
		c.Faults.Add(Fault{Route: "gopro.search", Kind: FaultRemoveRows, Count: 3})
		a := c.search(second)
		if !slices.Equal(a.ids()[:17], pages[1][3:]) || a.Pages.Items != 57 {
			t.Errorf("the page begins with %s, want three rows skipped", a.ids()[0])
		}
	})
	t.Run("with media added and removed by the test", func(t *testing.T) {
		t.Parallel()
		c, pages := fresh(t)
		m := newMaker(99).photo("new.JPG", 0)
		m.Captured = m.Captured.AddDate(1, 0, 0)
		if err := c.GoPro.Add(m); err != nil {
			t.Fatal(err)
		}
		if got := c.search("per_page=20").ids(); got[0] != m.ID || got[1] != pages[0][0] {
			t.Errorf("after Add: %v", got[:2])
		}
		c.GoPro.Remove(m.ID, "nobody")
		if got := c.search("per_page=20").ids(); !slices.Equal(got, pages[0]) {
			t.Errorf("after Remove: %v", got)
		}
		if err := c.GoPro.Add(c.GoPro.Library()[0]); err == nil {
			t.Error("Add took an id twice")
		}
	})
}

func TestOneRow(t *testing.T) {
	t.Parallel()
	c := newCloud(t, Options{Library: Many(2, 1)})
	id := c.GoPro.Library()[0].ID
	response, body := c.fetch("GET", c.api+"/media/"+id+"?fields=content_title,updated_at", "", c.signedIn()...)
	before := decodeInto[map[string]any](t, body)
	if response.StatusCode != 200 || before["id"] != id || len(before) != 6 {
		t.Errorf("%d %s", response.StatusCode, body)
	}
	response, _ = c.fetch("PUT", c.api+"/media/"+id, `{"content_title":"Hike"}`, c.signedIn()...)
	if response.StatusCode != 204 {
		t.Errorf("PUT: %d, want 204", response.StatusCode)
	}
	_, body = c.fetch("GET", c.api+"/media/"+id, "", c.signedIn()...)
	if after := decodeInto[map[string]any](t, body); after["content_title"] != "Hike" || after["updated_at"] == before["updated_at"] {
		t.Errorf("after PUT: %s", body)
	}
	for _, path := range []string{"/media/nobody", "/media/nobody/download", "/media/nobody/moments"} {
		if response, _ := c.fetch("GET", c.api+path, "", c.signedIn()...); response.StatusCode != 404 {
			t.Errorf("%s: %d, want 404", path, response.StatusCode)
		}
	}
}

func TestTrash(t *testing.T) {
	t.Parallel()
	c := newCloud(t, Options{Library: Many(3, 1)})
	id := c.GoPro.Library()[0].ID
	remove := func(query string) searchAnswer {
		t.Helper()
		response, body := c.fetch("DELETE", c.api+"/media?"+query, "", c.signedIn()...)
		if response.StatusCode != 200 {
			t.Fatalf("delete: %d", response.StatusCode)
		}
		return decodeInto[searchAnswer](t, body)
	}
	trashed := func() int {
		_, body := c.fetch("GET", c.api+"/media/deleted?per_page=1000", "", c.signedIn()...)
		return len(decodeInto[searchAnswer](t, body).Deleted)
	}
	a := remove("ids=" + id + ",nobody")
	if len(a.Embedded.Errors) != 1 || a.Embedded.Errors[0].ID != "nobody" || a.Embedded.Errors[0].Code != 404 {
		t.Errorf("errors: %+v", a.Embedded.Errors)
	}
	if response, _ := c.fetch("GET", c.api+"/media/"+id+"/download", "", c.signedIn()...); response.StatusCode != 404 {
		t.Errorf("download of a trashed medium: %d", response.StatusCode)
	}
	if c.search("").Pages.Items != 3 || trashed() != 0 {
		t.Error("listings show the deletion at once")
	}
	c.Clock.Advance(15 * time.Second)
	if c.search("").Pages.Items != 2 || trashed() != 1 {
		t.Error("listings do not show the deletion")
	}
	if a := remove("ids=" + id); len(a.Embedded.Errors) != 1 {
		t.Error("an ordinary deletion of a trashed medium succeeded")
	}
	if response, _ := c.fetch("POST", c.api+"/media/restore", `{"ids":["`+id+`"]}`, c.signedIn()...); response.StatusCode != 202 {
		t.Errorf("restore: %d", response.StatusCode)
	}
	if c.search("").Pages.Items != 3 || trashed() != 0 {
		t.Error("the medium was not restored")
	}
	remove("ids=" + id + "&permanent=true")
	remove("ids=" + id + "&permanent=true") // too soon: no effect
	c.Clock.Advance(15 * time.Second)
	if trashed() != 1 {
		t.Error("one permanent deletion purged")
	}
	remove("ids=" + id + "&permanent=true")
	if trashed() != 0 {
		t.Error("two permanent deletions did not purge")
	}
}

func TestAccountAlbumsAndZip(t *testing.T) {
	t.Parallel()
	library := Many(3, 1)
	c := newCloud(t, Options{Library: library, GoPro: GoProOptions{
		Albums: []GoProAlbum{{Title: "Alps", Media: []string{library[0].ID, library[1].ID}}}}})
	_, body := c.fetch("GET", c.api+"/media/user", "", c.signedIn()...)
	if user := decodeInto[map[string]any](t, body); user["total_count"] != 3.0 || user["id"] == "" {
		t.Errorf("user: %s", body)
	}
	_, body = c.fetch("GET", c.api+"/media/items?type=collection&page=1&per_page=30", "", c.signedIn()...)
	list := decodeInto[struct{ Items []map[string]any }](t, body)
	if len(list.Items) != 2 || list.Items[1]["title"] != "Alps" {
		t.Fatalf("albums: %s", body)
	}
	id := list.Items[1]["id"].(string)
	_, body = c.fetch("GET", c.api+"/media/items?parent_id="+id, "", c.signedIn()...)
	members := decodeInto[struct {
		Items []struct{ Medium map[string]any }
	}](t, body)
	if len(members.Items) != 2 || members.Items[0].Medium["id"] != library[0].ID {
		t.Errorf("members: %s", body)
	}
	if response, _ := c.fetch("GET", c.api+"/media/items/"+id, "", c.signedIn()...); response.StatusCode != 200 {
		t.Errorf("one album: %d", response.StatusCode)
	}
	if response, _ := c.fetch("GET", c.api+"/media/items/nobody", "", c.signedIn()...); response.StatusCode != 404 {
		t.Errorf("no album: %d", response.StatusCode)
	}

	source := c.api + "/media/x/zip/source?ids=" + library[0].ID + "," + library[1].ID + "&access_token="
	response, body := c.fetch("GET", source+c.GoPro.Token(), "", "Range", "bytes=1-")
	archive, err := zip.NewReader(strings.NewReader(body), int64(len(body)))
	if err != nil || len(archive.File) != 2 || response.StatusCode != 200 || response.ContentLength != -1 {
		t.Errorf("zip: %d, %v", response.StatusCode, err)
	}
	if response, _ := c.fetch("GET", source+"x", ""); response.StatusCode != 401 {
		t.Errorf("zip with a wrong token: %d", response.StatusCode)
	}
}

func TestThumbnails(t *testing.T) {
	t.Parallel()
	c := newCloud(t, Options{Library: Many(1, 1)})
	token := c.search("").Embedded.Media[0]["token"].(string)
	bearer := []string{"Accept", "application/vnd.gopro.jk.media+json; version=2.0.0", "Authorization", "Bearer " + c.GoPro.Token()}
	for _, tt := range []struct {
		path    string
		headers []string
		want    int
	}{
		{"/resize/450w/" + token, bearer, 200}, {"/resize/original/" + token, bearer, 200},
		{"/resize/450wwp/" + token, bearer, 404}, {"/resize/450w/" + token + "x", bearer, 404}, {"/resize/450w/x", bearer, 404},
		{"/resize/450w/" + token, nil, 401},
	} {
		for _, host := range []string{"https://images-01.gopro.com", "https://images-04.gopro.com"} {
			response, body := c.fetch("GET", host+tt.path, "", tt.headers...)
			if response.StatusCode != tt.want {
				t.Errorf("%s: %d, want %d", tt.path[:15], response.StatusCode, tt.want)
			}
			if tt.want == 401 {
				continue
			}
			if _, err := jpeg.Decode(bytes.NewReader([]byte(body))); err != nil {
				t.Errorf("%s with status %d is no JPEG: %v", tt.path[:15], response.StatusCode, err)
			}
		}
	}
}
