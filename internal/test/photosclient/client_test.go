package photosclient

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	gphotos "github.com/gphotosuploader/google-photos-api-client-go/v3"
	"github.com/gphotosuploader/google-photos-api-client-go/v3/albums"
	"github.com/gphotosuploader/google-photos-api-client-go/v3/media_items"
	"github.com/gphotosuploader/google-photos-api-client-go/v3/uploader"
	"golang.org/x/oauth2"

	"github.com/gondola-sync/gondola/emulator"
)

// newEmulator returns an emulator and an HTTP client that signs its requests with
// a token of it, as golang.org/x/oauth2 does.
func newEmulator(t *testing.T, o emulator.GoogleOptions) (*emulator.Emulator, *http.Client) {
	t.Helper()
	e, err := emulator.New(emulator.Options{Google: o})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	ctx := context.WithValue(t.Context(), oauth2.HTTPClient, e.Client())
	return e, oauth2.NewClient(ctx, oauth2.StaticTokenSource(&oauth2.Token{AccessToken: e.Google.Token("")}))
}

func newClient(t *testing.T, c *http.Client) *gphotos.Client {
	t.Helper()
	client, err := gphotos.NewClient(c)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// writeFile writes generated media to a file and returns its path and SHA-256.
func writeFile(t *testing.T, name string, c emulator.Content) (path, sum string) {
	t.Helper()
	data, err := io.ReadAll(io.NewSectionReader(c, 0, c.Size()))
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256(data)
	return path, hex.EncodeToString(digest[:])
}

func photo(seed uint64) emulator.Content {
	return emulator.NewPhoto(emulator.Shot{Seed: seed, Taken: time.Date(2026, 1, 20, 9, 0, 0, 0, time.UTC), Camera: "HERO13 Black"}, 0)
}

func video(seed uint64, size int64) emulator.Content {
	return emulator.NewVideo(emulator.Shot{Seed: seed, Width: 3840, Height: 2160, Duration: time.Second, Taken: time.Date(2026, 1, 21, 9, 0, 0, 0, time.UTC)}, size)
}

func TestSimpleUploadAndCreate(t *testing.T) {
	e, c := newEmulator(t, emulator.GoogleOptions{})
	client := newClient(t, c)
	path, sum := writeFile(t, "GOPR0001.JPG", photo(1))
	item, err := client.Upload(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if item.MediaMetadata.CreationTime != "2026-01-20T09:00:00Z" || item.MimeType != "image/jpeg" || item.MediaMetadata.Width != 96 {
		t.Errorf("created %+v", item)
	}
	got, err := client.MediaItems.Get(t.Context(), item.ID)
	if err != nil || got.BaseURL == "" || got.Filename != "GOPR0001.JPG" {
		t.Errorf("got %+v, %v", got, err)
	}
	items := e.Google.Items()
	if len(items) != 1 || items[0].SHA256 != sum || items[0].ID != item.ID {
		t.Errorf("the account has %+v", items)
	}
}

// urls is the store in which the client remembers upload URLs.
type urls map[string]string

func (u urls) Get(fingerprint string) (string, bool) { url, ok := u[fingerprint]; return url, ok }
func (u urls) Set(fingerprint, url string)           { u[fingerprint] = url }
func (u urls) Delete(fingerprint string)             { delete(u, fingerprint) }
func (u urls) Close()                                {}

func TestInterruptedResumableUpload(t *testing.T) {
	const granule, cut = 256 << 10, 600_000
	e, c := newEmulator(t, emulator.GoogleOptions{})
	path, sum := writeFile(t, "GX010001.MP4", video(1, 2_000_000))
	resumable, err := uploader.NewResumableUploader(c)
	if err != nil {
		t.Fatal(err)
	}
	store := urls{}
	resumable.Store = store
	e.Faults.Add(emulator.Fault{Route: "upload.finalize", Kind: emulator.FaultCutRequest, After: cut})
	if _, err := resumable.UploadFile(t.Context(), path); err == nil {
		t.Fatal("the cut upload succeeded")
	}
	if len(store) != 1 || e.Google.Uploads()[0].Received != cut/granule*granule {
		t.Fatalf("after the cut: %d URLs, %+v", len(store), e.Google.Uploads())
	}
	token, err := resumable.UploadFile(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if n := e.Log.Count("upload.start"); n != 1 {
		t.Errorf("started %d uploads instead of resuming", n)
	}
	last := e.Log.Entries("upload.finalize")
	if entry := last[len(last)-1]; entry.Headers["X-Goog-Upload-Offset"] != "524288" {
		t.Errorf("resumed at %s", entry.Headers["X-Goog-Upload-Offset"])
	}
	item, err := newClient(t, c).MediaItems.Create(t.Context(), media_items.SimpleMediaItem{UploadToken: token})
	if err != nil {
		t.Fatal(err)
	}
	if got := e.Google.Items()[0]; got.SHA256 != sum || got.ID != item.ID || item.MediaMetadata.Width != 3840 {
		t.Errorf("created %+v", got)
	}
}

func TestPartialFailureOfABatch(t *testing.T) {
	_, c := newEmulator(t, emulator.GoogleOptions{})
	client := newClient(t, c)
	var batch []media_items.SimpleMediaItem
	for _, content := range []emulator.Content{photo(1), emulator.Bytes("only text"), photo(2)} {
		path, _ := writeFile(t, "file", content)
		token, err := client.Uploader.UploadFile(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		batch = append(batch, media_items.SimpleMediaItem{UploadToken: token})
	}
	items, err := client.MediaItems.CreateMany(t.Context(), batch)
	if err != nil {
		t.Fatal(err)
	}
	if len(items) != 3 || items[0] == nil || items[1] != nil || items[2] == nil {
		t.Errorf("created %v", items)
	}
}

func TestAlbums(t *testing.T) {
	e, c := newEmulator(t, emulator.GoogleOptions{EmptyPage: true})
	client := newClient(t, c)
	album, err := client.Albums.Create(t.Context(), "Alps 2026")
	if err != nil || !album.IsWriteable {
		t.Fatal(album, err)
	}
	path, _ := writeFile(t, "a.jpg", photo(1))
	into, err := client.UploadToAlbum(t.Context(), album.ID, path)
	if err != nil {
		t.Fatal(err)
	}
	path, _ = writeFile(t, "b.jpg", photo(2))
	beside, err := client.Upload(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Albums.AddMediaItems(t.Context(), album.ID, []string{beside.ID}); err != nil {
		t.Fatal(err)
	}
	listed, err := client.MediaItems.ListByAlbum(t.Context(), album.ID)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, it := range listed {
		ids = append(ids, it.ID)
	}
	if len(ids) != 2 || !slices.Contains(ids, into.ID) || !slices.Contains(ids, beside.ID) {
		t.Errorf("listed %v", ids)
	}
	if got, err := client.Albums.GetById(t.Context(), album.ID); err != nil || got.Title != "Alps 2026" {
		t.Errorf("by id: %v %v", got, err)
	}
	if got, err := client.Albums.GetByTitle(t.Context(), "Alps 2026"); err != nil || got.ID != album.ID {
		t.Errorf("by title: %v %v", got, err)
	}
	if all, err := client.Albums.List(t.Context()); err != nil || len(all) != 1 {
		t.Errorf("list: %v %v", all, err)
	}
	e.Google.DropAlbum(album.ID)
	if _, err := client.Albums.GetById(t.Context(), album.ID); !errors.Is(err, albums.ErrAlbumNotFound) {
		t.Errorf("dropped: %v", err)
	}
}

// TestDailyQuota shows that the client tells the daily quota from others, as it
// does with the real service.
func TestDailyQuota(t *testing.T) {
	e, c := newEmulator(t, emulator.GoogleOptions{DailyRequests: 1})
	client := newClient(t, c)
	if _, err := client.Albums.List(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := client.Albums.List(t.Context())
	if _, ok := errors.AsType[*gphotos.ErrDailyQuotaExceeded](err); !ok {
		t.Errorf("got %v", err)
	}
	if n := e.Log.Count("albums.list"); n != 2 {
		t.Errorf("asked %d times: a spent day was retried", n)
	}
}
