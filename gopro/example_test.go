package gopro_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/gopro"
	"github.com/gondola-sync/gondola/media"
)

// api is a library of one recording in two chapters.
func api(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	switch r.URL.Path {
	case "/media/search":
		fmt.Fprint(w, `{"_embedded":{"media":[{"id":"k7Qp2mVx9Rt4b","type":"Video","filename":"GX010042.MP4","item_count":2,
			"captured_at":"2026-01-08T09:12:33Z","ready_to_view":"ready"}]},"_pages":{"current_page":1,"per_page":100,"total_items":1}}`)
	case "/media/k7Qp2mVx9Rt4b/download":
		fmt.Fprint(w, `{"filename":"GX010042.MP4","_embedded":{"variations":[
			{"url":"https://cdn.example/source/2.mp4","label":"source","type":"mp4","item_number":2,"height":2160},
			{"url":"https://cdn.example/source/1.mp4","label":"source","type":"mp4","item_number":1,"height":2160},
			{"url":"https://cdn.example/mp4_low/1.mp4","label":"mp4_low","type":"mp4","height":240}]}}`)
	}
}

func Example() {
	server := httptest.NewServer(http.HandlerFunc(api))
	defer server.Close()

	client, err := gopro.NewClient(gopro.Options{BaseURL: server.URL, Token: "the access token", HTTP: server.Client()})
	if err != nil {
		fmt.Println(fault.HintOf(err)) // a token has no spaces in it
	}
	client, err = gopro.NewClient(gopro.Options{BaseURL: server.URL, Token: "gp_access_token=eyJhbGciOi.x.y", HTTP: server.Client()})
	if err != nil {
		log.Fatal(err)
	}
	source, err := gopro.NewSource(client, gopro.SourceOptions{})
	if err != nil {
		log.Fatal(err)
	}
	for item, err := range source.List(context.Background(), media.Window{}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(item.ID.Key(), item.Name)
	}
	// Output:
	// sign in at https://gopro.com/media-library/, copy the cookie gp_access_token (developer tools, Application, Cookies), and run: gondola login gopro
	// gopro/k7Qp2mVx9Rt4b/1/source GX010042.MP4
	// gopro/k7Qp2mVx9Rt4b/2/source GX020042.MP4
}

func ExampleParseToken() {
	token, err := gopro.ParseToken(`curl 'https://api.gopro.com/media/user' -H 'cookie: lang=en; gp_access_token=eyJhbGciOi.x.y; gp_user_id=0f3a'`)
	fmt.Println(token, err)
	// Output: eyJhbGciOi.x.y <nil>
}
