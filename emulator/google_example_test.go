package emulator_test

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"
	"time"

	"github.com/gondola-sync/gondola/emulator"
)

// An upload and a create call, as they go to the real service, and what lies in
// the account afterwards.
func ExampleGoogle() {
	e, err := emulator.New(emulator.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer e.Close()
	token := e.Google.Token("")
	call := func(path string, header map[string]string, body io.Reader) string {
		r, err := http.NewRequest("POST", "https://photoslibrary.googleapis.com"+path, body)
		if err != nil {
			log.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		for name, value := range header {
			r.Header.Set(name, value)
		}
		response, err := e.Client().Do(r)
		if err != nil {
			log.Fatal(err)
		}
		defer response.Body.Close()
		answer, err := io.ReadAll(response.Body)
		if err != nil {
			log.Fatal(err)
		}
		return string(answer)
	}

	photo := emulator.NewPhoto(emulator.Shot{Taken: time.Date(2026, 1, 30, 9, 0, 0, 0, time.UTC)}, 0)
	uploaded := call("/v1/uploads", map[string]string{"X-Goog-Upload-Protocol": "raw"}, io.NewSectionReader(photo, 0, photo.Size()))
	call("/v1/mediaItems:batchCreate", nil, strings.NewReader(
		`{"newMediaItems":[{"simpleMediaItem":{"fileName":"GOPR0048.JPG","uploadToken":"`+uploaded+`"}}]}`))

	for item := range e.Google.All() {
		fmt.Println(item.Filename, item.MIME, item.Created.Format(time.DateOnly))
	}
	// Output: GOPR0048.JPG image/jpeg 2026-01-30
}
