package gphotos

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/fault"
)

func TestRequestsOfWrites(t *testing.T) {
	for _, tc := range []struct {
		name  string
		do    func(context.Context, *Client) error
		route string
		query string
		body  string
	}{
		{"describe", func(ctx context.Context, c *Client) error { _, err := c.Update(ctx, "m/1", "Sunset"); return err },
			"PATCH /v1/mediaItems/m/1", "updateMask=description", `{"description":"Sunset"}`},
		{"create album", func(ctx context.Context, c *Client) error { _, err := c.CreateAlbum(ctx, "Trip"); return err },
			"POST /v1/albums", "", `{"album":{"title":"Trip"}}`},
		{"rename album", func(ctx context.Context, c *Client) error { _, err := c.RenameAlbum(ctx, "a", "Trip"); return err },
			"PATCH /v1/albums/a", "updateMask=title", `{"title":"Trip"}`},
		{"cover", func(ctx context.Context, c *Client) error { _, err := c.SetAlbumCover(ctx, "a", "m"); return err },
			"PATCH /v1/albums/a", "updateMask=coverPhotoMediaItemId", `{"coverPhotoMediaItemId":"m"}`},
		{"add", func(ctx context.Context, c *Client) error { return c.AddToAlbum(ctx, "a", []string{"m", "n"}) },
			"POST /v1/albums/a:batchAddMediaItems", "", `{"mediaItemIds":["m","n"]}`},
		{"remove", func(ctx context.Context, c *Client) error { return c.RemoveFromAlbum(ctx, "a", []string{"m"}) },
			"POST /v1/albums/a:batchRemoveMediaItems", "", `{"mediaItemIds":["m"]}`},
		{"create items", func(ctx context.Context, c *Client) error {
			_, err := c.BatchCreate(ctx, "a", []NewItem{{Token: "t", FileName: "x.jpg", Description: "d"}, {Token: "u"}})
			return err
		}, "POST /v1/mediaItems:batchCreate", "",
			`{"albumId":"a","newMediaItems":[{"description":"d","simpleMediaItem":{"uploadToken":"t","fileName":"x.jpg"}},{"simpleMediaItem":{"uploadToken":"u"}}]}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newService(t)
			s.before = func(_ int, route string, w http.ResponseWriter, r *http.Request) bool {
				body, _ := io.ReadAll(r.Body)
				if route != tc.route || r.URL.RawQuery != tc.query || string(body) != tc.body || r.Header.Get("Content-Type") != "application/json" {
					t.Errorf("%s?%s with %s, want %s?%s with %s", route, r.URL.RawQuery, body, tc.route, tc.query, tc.body)
				}
				io.WriteString(w, `{"id":"x","newMediaItemResults":[{},{}]}`)
				return true
			}
			if err := tc.do(t.Context(), s.client(Options{})); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestWritesThatAreNotSent(t *testing.T) {
	s := newService(t)
	c := s.client(Options{})
	for name, do := range map[string]func() error{
		"no items": func() error { _, err := c.BatchCreate(t.Context(), "", nil); return err },
		"51 items": func() error { _, err := c.BatchCreate(t.Context(), "", make([]NewItem, 51)); return err },
		"no token": func() error { _, err := c.BatchCreate(t.Context(), "", make([]NewItem, 1)); return err },
		"long description": func() error {
			_, err := c.BatchCreate(t.Context(), "", []NewItem{{Token: "t", Description: string(make([]byte, 1001))}})
			return err
		},
		"repeated ids": func() error { return c.AddToAlbum(t.Context(), "a", []string{"m", "m"}) },
	} {
		if err := do(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if len(s.log) > 0 {
		t.Errorf("requests %q", s.log)
	}
}

func TestAlbumIsMadeOnce(t *testing.T) {
	for _, tc := range []struct {
		name   string
		lag    time.Duration
		before func(n int, route string, w http.ResponseWriter, r *http.Request) bool
		lose   func(n int, route string) bool
	}{
		{name: "answer lost, listed late", lag: 20 * time.Second, lose: func(n int, route string) bool { return route == "POST /v1/albums" && n < 3 }},
		{name: "answer lost", lose: func(n int, route string) bool { return route == "POST /v1/albums" && n < 3 }},
		{name: "unavailable", before: func(n int, route string, w http.ResponseWriter, _ *http.Request) bool {
			if route == "POST /v1/albums" && n < 3 {
				apiError(w, 503, "UNAVAILABLE", "The service is currently unavailable.")
				return true
			}
			return false
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newService(t, emulator.GoogleOptions{AlbumListDelay: tc.lag})
				s.before, s.lose = tc.before, tc.lose
				id, err := s.destination(Options{}).Album(t.Context(), "Trip")
				if albums := s.e.Google.Albums(); err != nil || len(albums) != 1 || albums[0].ID != id {
					t.Errorf("Album = %q, %v; the service has %v", id, err, albums)
				}
			})
		})
	}
}

// TestAlbumTitlesAreCompared as people write them, and checked before a request.
func TestAlbumTitlesAreCompared(t *testing.T) {
	s := newService(t)
	var first string
	for _, title := range []string{"Café", "Cafe\u0301 "} { // listed in the other order
		a, err := s.client(Options{}).CreateAlbum(t.Context(), title)
		if err != nil {
			t.Fatal(err)
		}
		first = a.ID
	}
	for range 2 {
		if id, err := s.destination(Options{}).Album(t.Context(), " Café"); id != first || err != nil {
			t.Errorf("Album = %q, %v, want the first of the title", id, err)
		}
	}
	s.log = nil
	if _, err := s.destination(Options{}).Album(t.Context(), strings.Repeat("x", 501)); fault.CodeOf(err) != fault.Album || len(s.log) > 0 {
		t.Errorf("a title of 501 characters: %v, requests %q", err, s.log)
	}
}
