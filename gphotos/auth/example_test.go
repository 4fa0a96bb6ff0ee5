package auth_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"time"

	"github.com/gondola-sync/gondola/gphotos/auth"
)

// A program that already has a login needs the two files and nothing else. The
// access token of the file still lives here, so that nothing is sent.
func ExampleTokens() {
	dir, err := os.MkdirTemp("", "gondola-example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "token.json")
	text := fmt.Sprintf(`{"token": "ya29.example", "refresh_token": "1//0example", "client_id": "id", "client_secret": "s", "expiry": %q}`,
		time.Now().Add(time.Hour).UTC().Format(time.RFC3339))
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	tokens := auth.NewTokens(auth.Config{Store: auth.NewStore(path, nil)})
	token, err := tokens.Token(context.Background())
	fmt.Println(token, err)
	// Output: ya29.example <nil>
}

// A login on a machine without a browser: the user opens the page elsewhere
// and pastes the address it ends on.
func ExampleLogin_Paste() {
	google := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"access_token":"ya29.x","refresh_token":"1//0x","expires_in":3599,"token_type":"Bearer"}`)
	}))
	defer google.Close()
	dir, err := os.MkdirTemp("", "gondola-example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)

	login := auth.Login{Config: auth.Config{
		Client: &auth.Client{ID: "id", Secret: "s", AuthURI: google.URL + "/auth", TokenURI: google.URL + "/token"},
		Store:  auth.NewStore(filepath.Join(dir, "token.json"), nil),
	}}
	result, err := login.Paste(context.Background(), func(context.Context, string) (string, error) {
		return "4/0example", nil // auth.Prompt(os.Stdin, os.Stderr) asks on a terminal
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(result.Account), len(result.Granted), result.Missing)
	// Output: 16 3 []
}

func ExampleMissingScopes() {
	fmt.Println(auth.MissingScopes(auth.DefaultScopes(), []string{auth.ScopeAppend, auth.ScopeReadCreated}))
	// Output: [https://www.googleapis.com/auth/photoslibrary.edit.appcreateddata]
}
