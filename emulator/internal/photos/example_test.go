package photos_test

import (
	"crypto/sha256"
	"fmt"
	"io"
	"time"

	"github.com/gondola-sync/gondola/emulator/internal/google"
	"github.com/gondola-sync/gondola/emulator/internal/oauth"
	"github.com/gondola-sync/gondola/emulator/internal/photos"
	"github.com/gondola-sync/gondola/emulator/internal/upload"
	"github.com/gondola-sync/gondola/emulator/sample"
)

// A photo that came to an account by other means than the API.
func ExampleService() {
	authority := oauth.New(oauth.Options{}, time.Now)
	frontend := &google.Frontend{Authority: authority, Quota: google.NewQuota(100, 100, 30), Now: time.Now}
	uploads := upload.New(frontend, nil, upload.Options{KeepFile: 1 << 20, Digest: sha256.New})
	service := photos.New(frontend, uploads, authority.Granted, nil, photos.Options{KeepAll: 1 << 20})

	photo := sample.NewPhoto(sample.Shot{Camera: "HERO11 Black"}, 0)
	data, err := io.ReadAll(io.NewSectionReader(photo, 0, photo.Size()))
	if err != nil {
		fmt.Println(err)
		return
	}
	item, err := service.Put("visitor@example.com", "GOPR0001.JPG", data)
	fmt.Println(item.MIME, item.Width, item.Height, err)
	// Output: image/jpeg 96 72 <nil>
}
