package gopro_test

import (
	"archive/zip"
	"bytes"
	"image/jpeg"
	"strings"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/emulator/internal/emutest"
	"github.com/gondola-sync/gondola/emulator/sample"
)

func TestOneRow(t *testing.T) {
	t.Parallel()
	c := emutest.NewCloud(t, emulator.Options{Library: sample.Many(2, 1)})
	id := c.GoPro.Library()[0].ID
	response, body := c.Fetch("GET", c.API+"/media/"+id+"?fields=content_title,updated_at", "", c.SignedIn()...)
	before := emutest.DecodeInto[map[string]any](t, body)
	if response.StatusCode != 200 || before["id"] != id || len(before) != 6 {
		t.Errorf("%d %s", response.StatusCode, body)
	}
	response, _ = c.Fetch("PUT", c.API+"/media/"+id, `{"content_title":"Hike"}`, c.SignedIn()...)
	if response.StatusCode != 204 {
		t.Errorf("PUT: %d, want 204", response.StatusCode)
	}
	_, body = c.Fetch("GET", c.API+"/media/"+id, "", c.SignedIn()...)
	if after := emutest.DecodeInto[map[string]any](t, body); after["content_title"] != "Hike" || after["updated_at"] == before["updated_at"] {
		t.Errorf("after PUT: %s", body)
	}
	for _, path := range []string{"/media/nobody", "/media/nobody/download", "/media/nobody/moments"} {
		if response, _ := c.Fetch("GET", c.API+path, "", c.SignedIn()...); response.StatusCode != 404 {
			t.Errorf("%s: %d, want 404", path, response.StatusCode)
		}
	}
}

func TestTrash(t *testing.T) {
	t.Parallel()
	c := emutest.NewCloud(t, emulator.Options{Library: sample.Many(3, 1)})
	id := c.GoPro.Library()[0].ID
	remove := func(query string) emutest.SearchAnswer {
		t.Helper()
		response, body := c.Fetch("DELETE", c.API+"/media?"+query, "", c.SignedIn()...)
		if response.StatusCode != 200 {
			t.Fatalf("delete: %d", response.StatusCode)
		}
		return emutest.DecodeInto[emutest.SearchAnswer](t, body)
	}
	trashed := func() int {
		_, body := c.Fetch("GET", c.API+"/media/deleted?per_page=1000", "", c.SignedIn()...)
		return len(emutest.DecodeInto[emutest.SearchAnswer](t, body).Deleted)
	}
	a := remove("ids=" + id + ",nobody")
	if len(a.Embedded.Errors) != 1 || a.Embedded.Errors[0].ID != "nobody" || a.Embedded.Errors[0].Code != 404 {
		t.Errorf("errors: %+v", a.Embedded.Errors)
	}
	if response, _ := c.Fetch("GET", c.API+"/media/"+id+"/download", "", c.SignedIn()...); response.StatusCode != 404 {
		t.Errorf("download of a trashed medium: %d", response.StatusCode)
	}
	if c.Search("").Pages.Items != 3 || trashed() != 0 {
		t.Error("listings show the deletion at once")
	}
	c.Clock.Advance(15 * time.Second)
	if c.Search("").Pages.Items != 2 || trashed() != 1 {
		t.Error("listings do not show the deletion")
	}
	if a := remove("ids=" + id); len(a.Embedded.Errors) != 1 {
		t.Error("an ordinary deletion of a trashed medium succeeded")
	}
	if response, _ := c.Fetch("POST", c.API+"/media/restore", `{"ids":["`+id+`"]}`, c.SignedIn()...); response.StatusCode != 202 {
		t.Errorf("restore: %d", response.StatusCode)
	}
	if c.Search("").Pages.Items != 3 || trashed() != 0 {
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
	library := sample.Many(3, 1)
	c := emutest.NewCloud(t, emulator.Options{Library: library, GoPro: emulator.GoProOptions{
		Albums: []emulator.GoProAlbum{{Title: "Alps", Media: []string{library[0].ID, library[1].ID}}}}})
	_, body := c.Fetch("GET", c.API+"/media/user", "", c.SignedIn()...)
	if user := emutest.DecodeInto[map[string]any](t, body); user["total_count"] != 3.0 || user["id"] == "" {
		t.Errorf("user: %s", body)
	}
	_, body = c.Fetch("GET", c.API+"/media/items?type=collection&page=1&per_page=30", "", c.SignedIn()...)
	list := emutest.DecodeInto[struct{ Items []map[string]any }](t, body)
	if len(list.Items) != 2 || list.Items[1]["title"] != "Alps" {
		t.Fatalf("albums: %s", body)
	}
	id := list.Items[1]["id"].(string)
	_, body = c.Fetch("GET", c.API+"/media/items?parent_id="+id, "", c.SignedIn()...)
	members := emutest.DecodeInto[struct {
		Items []struct{ Medium map[string]any }
	}](t, body)
	if len(members.Items) != 2 || members.Items[0].Medium["id"] != library[0].ID {
		t.Errorf("members: %s", body)
	}
	if response, _ := c.Fetch("GET", c.API+"/media/items/"+id, "", c.SignedIn()...); response.StatusCode != 200 {
		t.Errorf("one album: %d", response.StatusCode)
	}
	if response, _ := c.Fetch("GET", c.API+"/media/items/nobody", "", c.SignedIn()...); response.StatusCode != 404 {
		t.Errorf("no album: %d", response.StatusCode)
	}

	source := c.API + "/media/x/zip/source?ids=" + library[0].ID + "," + library[1].ID + "&access_token="
	response, body := c.Fetch("GET", source+c.GoPro.Token(), "", "Range", "bytes=1-")
	archive, err := zip.NewReader(strings.NewReader(body), int64(len(body)))
	if err != nil || len(archive.File) != 2 || response.StatusCode != 200 || response.ContentLength != -1 {
		t.Errorf("zip: %d, %v", response.StatusCode, err)
	}
	if response, _ := c.Fetch("GET", source+"x", ""); response.StatusCode != 401 {
		t.Errorf("zip with a wrong token: %d", response.StatusCode)
	}
}

func TestThumbnails(t *testing.T) {
	t.Parallel()
	c := emutest.NewCloud(t, emulator.Options{Library: sample.Many(1, 1)})
	token := c.Search("").Embedded.Media[0]["token"].(string)
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
			response, body := c.Fetch("GET", host+tt.path, "", tt.headers...)
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
