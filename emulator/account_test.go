package emulator_test

import (
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/emulator/internal/emutest"
	"github.com/gondola-sync/gondola/emulator/internal/photos"
	"github.com/gondola-sync/gondola/emulator/sample"
)

// twoAccounts is the default account and anna's, whose media have equal ids and
// other bytes; anna has one more.
func twoAccounts(t *testing.T) (c *emutest.Cloud, mine, hers *emutest.Cloud) {
	t.Helper()
	own, other := sample.Many(2, 1), sample.Many(3, 2)
	for i := range own {
		other[i].ID = own[i].ID
	}
	c = emutest.NewCloud(t, emulator.Options{Library: own, Accounts: []emulator.AccountOptions{{Name: "anna", Library: other, Albums: []emulator.GoProAlbum{{Title: "Anna's"}}}}})
	return c, c.As(""), c.As("anna")
}

func TestGoProAccountsSeeTheirOwn(t *testing.T) {
	t.Parallel()
	c, mine, hers := twoAccounts(t)
	if mine.GoPro.User() == hers.GoPro.User() || c.Account("bob") != nil || len(c.Accounts()) != 2 {
		t.Fatalf("accounts %+v", c.Accounts())
	}
	for _, account := range []*emutest.Cloud{mine, hers} {
		_, body := account.Fetch("GET", c.API+"/media/user", "", account.SignedIn()...)
		user := emutest.DecodeInto[struct {
			ID    string
			Count int `json:"total_count"`
		}](t, body)
		rows := account.Search("per_page=10")
		if user.ID != account.GoPro.User() || user.Count != len(rows.Embedded.Media) || rows.Pages.Items != len(account.GoPro.Library()) {
			t.Errorf("user %+v with %d rows of %d", user, len(rows.Embedded.Media), rows.Pages.Items)
		}
		for _, row := range rows.Embedded.Media {
			if row["gopro_user_id"] != user.ID {
				t.Errorf("row of %v in the library of %s", row["gopro_user_id"], user.ID)
			}
			want := account.GoPro.Library()
			_, got := c.Fetch("GET", account.SourceURL(row["id"].(string)), "")
			if string(emutest.ContentBytes(mediumOf(t, want, row["id"].(string)).Sources[0].Content)) != got {
				t.Errorf("%s of %s has other bytes", row["id"], user.ID)
			}
		}
	}
}

func mediumOf(t *testing.T, l sample.Library, id string) sample.Medium {
	t.Helper()
	for _, m := range l {
		if m.ID == id {
			return m
		}
	}
	t.Fatalf("no medium %s", id)
	return sample.Medium{}
}

// What only anna has is, with another token, what nothing has.
func TestGoProAccountsAreClosedToOthers(t *testing.T) {
	t.Parallel()
	c, mine, hers := twoAccounts(t)
	only := ""
	for _, m := range hers.GoPro.Library() {
		if !slices.ContainsFunc(mine.GoPro.Library(), func(o emulator.Medium) bool { return o.ID == m.ID }) {
			only = m.ID
		}
	}
	for _, call := range [][]string{
		{"GET", "/media/" + only, ""}, {"GET", "/media/" + only + "/download", ""},
		{"PUT", "/media/" + only, `{"filename":"x.jpg"}`}, {"PUT", "/media/" + only + "/process", ""},
	} {
		if response, body := mine.Fetch(call[0], c.API+call[1], call[2], mine.SignedIn()...); response.StatusCode != 404 {
			t.Errorf("%s %s with another token: %d %s", call[0], call[1], response.StatusCode, body)
		}
	}
	shared := mine.GoPro.Library()[0].ID
	before := len(hers.GoPro.Library())
	mine.Fetch("DELETE", c.API+"/media?ids="+only+","+shared, "", mine.SignedIn()...)
	if got := len(hers.GoPro.Library()); got != before {
		t.Errorf("another token deleted %d media", before-got)
	}
	if got := len(mine.GoPro.Library()); got != 1 {
		t.Errorf("%d media left, want 1", got)
	}
	if _, body := mine.Fetch("GET", c.API+"/media/items?type=collection", "", mine.SignedIn()...); strings.Contains(body, "Anna") {
		t.Errorf("albums of another account: %s", body)
	}
	if _, body := mine.Fetch("GET", c.API+"/media/x/zip/source?ids="+only+"&access_token="+mine.GoPro.Token(), ""); strings.Contains(body, "GOPR") {
		t.Error("a zip holds another account's file")
	}
}

func TestSignedAddressesOfAnAccountAreItsOwn(t *testing.T) {
	t.Parallel()
	c, mine, hers := twoAccounts(t)
	id := mine.GoPro.Library()[0].ID
	url := mine.SourceURL(id)
	if response, _ := c.Fetch("GET", strings.Replace(url, mine.GoPro.User(), hers.GoPro.User(), 1), ""); response.StatusCode != http.StatusForbidden {
		t.Errorf("an address with another user in it: %d", response.StatusCode)
	}
	if response, _ := c.Fetch("GET", strings.Replace(url, mine.GoPro.User(), "0f3a", 1), ""); response.StatusCode != http.StatusForbidden {
		t.Errorf("an address of no user: %d", response.StatusCode)
	}
	_, body := hers.Fetch("GET", c.API+"/media/"+id, "", hers.SignedIn()...)
	token := emutest.DecodeInto[struct{ Token string }](t, body).Token
	for account, want := range map[*emutest.Cloud]int{mine: 404, hers: 200} {
		if response, _ := c.Fetch("GET", "https://images-01.gopro.com/resize/450w/"+token, "", account.SignedIn()...); response.StatusCode != want {
			t.Errorf("her thumbnail for %s: %d, want %d", account.GoPro.User(), response.StatusCode, want)
		}
	}
	hers.GoPro.Change(id, 1)
	if _, again := c.Fetch("GET", url, ""); string(emutest.ContentBytes(mediumOf(t, mine.GoPro.Library(), id).Sources[0].Content)) != again {
		t.Error("a change of her medium changed the other one of its id")
	}
}

func TestGoProTokensOfAnAccountAreItsOwn(t *testing.T) {
	t.Parallel()
	c, mine, hers := twoAccounts(t)
	sign := func(fields string) (int, map[string]any) {
		response, body := c.Fetch("POST", c.API+"/v1/oauth2/token", "client_id="+emulator.GoProClientID+"&client_secret="+emulator.GoProClientSecret+"&"+fields,
			"Content-Type", "application/x-www-form-urlencoded")
		return response.StatusCode, emutest.DecodeInto[map[string]any](t, body)
	}
	status, first := sign("grant_type=password&username=" + hers.GoPro.Username() + "&password=" + strings.ReplaceAll(emulator.GoProPassword, " ", "+"))
	if status != 200 || first["resource_owner_id"] != hers.GoPro.User() {
		t.Fatalf("password: %d %v", status, first)
	}
	status, second := sign("grant_type=refresh_token&refresh_token=" + first["refresh_token"].(string))
	if status != 200 || second["resource_owner_id"] != hers.GoPro.User() {
		t.Errorf("refresh: %d %v", status, second)
	}
	if status, again := sign("grant_type=refresh_token&refresh_token=" + first["refresh_token"].(string)); again["error"] != "token_blacklisted" {
		t.Errorf("a used refresh token: %d %v", status, again)
	}
	_, body := c.Fetch("GET", c.API+"/media/user", "", "Accept", emutest.VendorJSON, "Authorization", "Bearer "+second["access_token"].(string))
	if !strings.Contains(body, hers.GoPro.User()) {
		t.Errorf("a renewed token is of %s", body)
	}
	before := mine.SignedIn()
	hers.GoPro.ExpireToken()
	for token, want := range map[string]int{before[3]: 200, "Bearer " + second["access_token"].(string): 401, "Bearer " + hers.GoPro.Token(): 200} {
		if response, _ := c.Fetch("GET", c.API+"/media/user", "", "Accept", emutest.VendorJSON, "Authorization", token); response.StatusCode != want {
			t.Errorf("after her tokens expired: %d, want %d", response.StatusCode, want)
		}
	}
}

func TestAccountsThatCannotBe(t *testing.T) {
	t.Parallel()
	for name, accounts := range map[string][]emulator.AccountOptions{
		"no name":               {{}},
		"a name twice":          {{Name: "anna"}, {Name: "anna", User: "other@example.com"}},
		"a user twice":          {{Name: "anna"}, {Name: "bob", User: "anna@example.com"}},
		"the default user":      {{Name: "anna", User: "visitor@example.com"}},
		"the default user name": {{Name: "ada", User: "other@example.com"}},
		"an id twice":           {{Name: "anna", Library: append(sample.Many(1, 1), sample.Many(1, 1)...)}},
	} {
		if e, err := emulator.New(emulator.Options{Accounts: accounts}); err == nil {
			t.Errorf("%s: no error", name)
			_ = e.Close()
		}
	}
}

func newTwoUsers(t *testing.T, o emulator.GoogleOptions) (mine, hers *emutest.Photos) {
	t.Helper()
	e, err := emulator.New(emulator.Options{Google: o, Accounts: []emulator.AccountOptions{{Name: "anna"}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	mine = &emutest.Photos{T: t, E: e, HTTP: e.Client(), Token: e.Google.Token("")}
	return mine, mine.Other(e.Account("anna").GoogleToken())
}

func TestGoogleAccountsAreClosedToOthers(t *testing.T) {
	t.Parallel()
	mine, hers := newTwoUsers(t, emulator.GoogleOptions{WriteTime: -1})
	var album photos.WireAlbum
	hers.OK("POST", "/v1/albums", `{"album":{"title":"Anna's"}}`, &album)
	item := hers.Create(album.ID, hers.Raw(emutest.JPEGOf(1)))[0].MediaItem.ID
	token, session := hers.Raw(emutest.JPEGOf(2)), hers.Begin(9)

	for name, r := range map[string]emutest.Reply{
		"create with her token":     mine.Must("POST", "/v1/mediaItems:batchCreate", nil, emutest.BatchBody("", token)),
		"create in her album":       mine.Must("POST", "/v1/mediaItems:batchCreate", nil, emutest.BatchBody(album.ID, mine.Raw(emutest.JPEGOf(3)))),
		"write to her upload":       mine.Send(session, "upload, finalize", 0, []byte("123456789")),
		"query her upload":          mine.Must("POST", session, emutest.Headers{"X-Goog-Upload-Command": "query"}, ""),
		"cancel her upload":         mine.Must("POST", session, emutest.Headers{"X-Goog-Upload-Command": "cancel"}, ""),
		"get her item":              mine.Must("GET", "/v1/mediaItems/"+item, nil, ""),
		"edit her item":             mine.Must("PATCH", "/v1/mediaItems/"+item+"?updateMask=description", nil, `{"description":"mine"}`),
		"get her album":             mine.Must("GET", "/v1/albums/"+album.ID, nil, ""),
		"rename her album":          mine.Must("PATCH", "/v1/albums/"+album.ID+"?updateMask=title", nil, `{"title":"mine"}`),
		"add her item to her album": mine.Must("POST", "/v1/albums/"+album.ID+":batchAddMediaItems", nil, `{"mediaItemIds":["`+item+`"]}`),
		"search her album":          mine.Must("POST", "/v1/mediaItems:search", nil, `{"albumId":"`+album.ID+`"}`),
	} {
		if r.Status < 400 || r.Status >= 500 {
			t.Errorf("%s: %d %s", name, r.Status, r.Body)
		}
	}
	for _, path := range []string{"/v1/mediaItems", "/v1/albums"} {
		if r := mine.Must("GET", path, nil, ""); r.Status != 200 || strings.Contains(r.Body, `"id"`) {
			t.Errorf("%s: %d %s", path, r.Status, r.Body)
		}
	}
	if r := mine.Must("GET", "/v1/mediaItems:batchGet?mediaItemIds="+item, nil, ""); strings.Contains(r.Body, "productUrl") {
		t.Errorf("batchGet: %s", r.Body)
	}
	if got := hers.Received(session); got != 0 {
		t.Errorf("her upload has %d bytes", got)
	}
}

// The same bytes are an item of each account, and storage and the writes of a
// minute are counted by account.
func TestGoogleAccountsAreCountedApart(t *testing.T) {
	t.Parallel()
	mine, hers := newTwoUsers(t, emulator.GoogleOptions{WriteTime: -1, Storage: int64(len(emutest.JPEGOf(1))) + 10, WritesPerMinute: 2})
	first, second := mine.Create("", mine.Raw(emutest.JPEGOf(1))), hers.Create("", hers.Raw(emutest.JPEGOf(1)))
	if first[0].MediaItem == nil || second[0].MediaItem == nil || first[0].MediaItem.ID == second[0].MediaItem.ID {
		t.Errorf("the same bytes in two accounts: %+v, %+v", first, second)
	}
	mine.Must("POST", "/v1/mediaItems:batchCreate", nil, emutest.BatchBody("", mine.Raw(emutest.JPEGOf(2)))) // full
	if r := mine.Must("POST", "/v1/albums", nil, `{"album":{"title":"x"}}`); r.Status != http.StatusTooManyRequests {
		t.Errorf("the third write of a minute: %d %s", r.Status, r.Body)
	}
	if r := hers.Must("POST", "/v1/albums", nil, `{"album":{"title":"x"}}`); r.Status != http.StatusOK {
		t.Errorf("her second write of the minute: %d %s", r.Status, r.Body)
	}
	anna := mine.E.Account("anna")
	if items := anna.Items(); len(items) != 1 || items[0].User != anna.User || len(mine.E.Google.Items()) != 2 {
		t.Errorf("her items: %+v", items)
	}
}

func TestCredentialsOfAnAccount(t *testing.T) {
	t.Parallel()
	c, _, hers := twoAccounts(t)
	server := c.OnSockets()
	env, err := c.Account("anna").Environ(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]string{}
	for _, setting := range env {
		name, value, _ := strings.Cut(setting, "=")
		values[name] = value
	}
	if values["GP_ACCESS_TOKEN"] != hers.GoPro.Token() || values["GONDOLA_GPHOTOS_URL"] != server.PhotosURL {
		t.Errorf("environment %v", env)
	}
	data, err := os.ReadFile(values["GONDOLA_TOKEN"])
	if err != nil {
		t.Fatal(err)
	}
	token := emutest.DecodeInto[tokenJSON](t, string(data)).Token
	response, body := c.Fetch("POST", server.PhotosURL+"/v1/albums", `{"album":{"title":"hers"}}`, "Authorization", "Bearer "+token)
	if albums := c.Google.Albums(); response.StatusCode != 200 || len(albums) != 1 || albums[0].User != "anna@example.com" {
		t.Errorf("token.json: %s %s, albums %+v", response.Status, body, albums)
	}
}

func TestControlKnowsAccounts(t *testing.T) {
	t.Parallel()
	c, mine, hers := twoAccounts(t)
	server := c.OnSockets()
	token := mine.GoPro.Token()
	for path, want := range map[string]string{
		"/accounts":                 `{"name":"anna","gopro_user":"` + hers.GoPro.User() + `","google_user":"anna@example.com"}`,
		"/gopro/token?account=anna": hers.GoPro.Token(),
		"/gopro/token":              token,
	} {
		if _, body := c.Fetch("GET", server.ControlURL+path, ""); !strings.Contains(body, want) {
			t.Errorf("%s: %s, want %s", path, body, want)
		}
	}
	if _, body := c.Fetch("GET", server.ControlURL+"/gopro/items?account=anna", ""); strings.Count(body, "\n") != 3 {
		t.Errorf("her items: %s", body)
	}
	before := hers.GoPro.Token()
	c.Fetch("POST", server.ControlURL+"/gopro/token?account=anna", `{"expire":true}`)
	if hers.GoPro.Token() == before || mine.GoPro.Token() != token {
		t.Error("the token of the other account expired, or hers did not")
	}
	if response, _ := c.Fetch("GET", server.ControlURL+"/gopro/items?account=bob", ""); response.StatusCode != 404 {
		t.Errorf("an account that is not there: %d", response.StatusCode)
	}
}
