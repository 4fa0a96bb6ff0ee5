package upload_test

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/gondola-sync/gondola/emulator/internal/fault"
	"github.com/gondola-sync/gondola/emulator/internal/google"
	"github.com/gondola-sync/gondola/emulator/internal/oauth"
	"github.com/gondola-sync/gondola/emulator/internal/route"
	"github.com/gondola-sync/gondola/emulator/internal/upload"
)

// An upload in one request, and what its token stands for.
func ExampleServer() {
	authority := oauth.New(oauth.Options{Clients: []oauth.Client{{ID: "app", Project: "1"}}, User: "visitor@example.com"}, time.Now)
	frontend := &google.Frontend{Authority: authority, Quota: google.NewQuota(100, 100, 30), Now: time.Now}
	uploads := upload.New(frontend, func() string { return "https://photos.example.com" }, upload.Options{
		MaxSize: 1 << 30, TokenLife: time.Hour, KeepFile: 1 << 20, Digest: sha256.New,
	})
	table := route.Table{Now: time.Now, Faults: &fault.Queue{}, Record: func(route.Entry) {}, Routes: uploads.Routes()}

	r := httptest.NewRequest(http.MethodPost, "/v1/uploads", strings.NewReader("a photo"))
	r.Header.Set("Authorization", "Bearer "+authority.Grant("app", "", []string{google.ScopeAppend}).AccessToken)
	r.Header.Set("X-Goog-Upload-Protocol", "raw")
	w := httptest.NewRecorder()
	table.Handler(route.Photos).ServeHTTP(w, r)

	arrived := uploads.Redeem(w.Body.String(), google.Caller{User: "visitor@example.com", Project: "1"})
	fmt.Println(w.Code, arrived.File.Size)
	// Output: 200 7
}
