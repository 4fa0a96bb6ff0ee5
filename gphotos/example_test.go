package gphotos_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/gondola-sync/gondola/gphotos"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
)

// fixedToken stands for the tokens of package auth.
type fixedToken string

func (t fixedToken) Token(context.Context) (string, error) { return string(t), nil }
func (fixedToken) Invalidate(string)                       {}

func Example() {
	google := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/uploads" {
			io.Copy(io.Discard, r.Body)
			fmt.Fprint(w, "CAIS")
			return
		}
		fmt.Fprint(w, `{"newMediaItemResults":[{"uploadToken":"CAIS","status":{"message":"Success"},"mediaItem":{"id":"AH0myB"}}]}`)
	}))
	defer google.Close()

	ctx := context.Background()
	client, err := gphotos.NewClient(gphotos.Options{BaseURL: google.URL, HTTP: google.Client(), Tokens: fixedToken("ya29")})
	if err != nil {
		fmt.Println(err)
		return
	}
	destination, err := gphotos.NewDestination(client, gphotos.DestinationOptions{
		Account: func(context.Context) (string, error) { return "gphotos:3f9a1c", nil },
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	photo := []byte("the bytes of a photo")
	item := media.Item{Name: "GOPR0042.JPG", Size: int64(len(photo)), MIME: "image/jpeg", Kind: media.Photo}
	receipt, err := destination.Upload(ctx, station.Upload{
		Item: item,
		Open: func(_ context.Context, offset int64) (*station.Content, error) {
			body := io.NopCloser(bytes.NewReader(photo[offset:]))
			return &station.Content{Body: body, Offset: offset, Size: int64(len(photo))}, nil
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	created, err := destination.Create(ctx, station.Batch{Entries: []station.Entry{{Item: item, Receipt: receipt}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(receipt.Size, "bytes are", created.Results[0].ID, "and the receipt is stale:", destination.Stale(receipt))
	// Output: 20 bytes are AH0myB and the receipt is stale: false
}
