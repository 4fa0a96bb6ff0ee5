package gopro_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/gondola-sync/gondola/emulator/internal/fault"
	"github.com/gondola-sync/gondola/emulator/internal/gopro"
	"github.com/gondola-sync/gondola/emulator/internal/route"
	"github.com/gondola-sync/gondola/emulator/sample"
)

// A cloud with one account, which lists its media.
func ExampleCloud() {
	start := time.Date(2025, 6, 2, 0, 0, 0, 0, time.UTC)
	now := func() time.Time { return start }
	cloud := gopro.NewCloud(gopro.Env{Now: now, Start: start, CDN: func() string { return "https://cdn.example.com" }}, gopro.Options{})
	ada, err := cloud.Open(gopro.AccountOptions{User: "1", Username: "ada@example.com", Library: sample.Many(2, 1)})
	if err != nil {
		fmt.Println(err)
		return
	}
	table := route.Table{Now: now, Faults: &fault.Queue{}, Record: func(route.Entry) {}, Routes: cloud.Routes()}

	r := httptest.NewRequest(http.MethodGet, "/media/search?fields=filename", nil)
	r.Header.Set("Accept", "application/vnd.gopro.jk.media.search+json; version=2.0.0")
	r.Header.Set("Authorization", "Bearer "+ada.Token())
	w := httptest.NewRecorder()
	table.Handler(route.GoPro).ServeHTTP(w, r)
	fmt.Println(w.Code, w.Body.Len() > 0, len(ada.Expected()))
	// Output: 200 true 2
}
