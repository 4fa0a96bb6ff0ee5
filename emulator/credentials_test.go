package emulator_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/emulator/internal/emutest"
)

type secretJSON struct {
	Installed struct {
		AuthURI      string   `json:"auth_uri"`
		TokenURI     string   `json:"token_uri"`
		RedirectURIs []string `json:"redirect_uris"`
	} `json:"installed"`
}

type tokenJSON struct {
	Token        string `json:"token"`
	RefreshToken string `json:"refresh_token"`
	Expiry       string `json:"expiry"`
}

func TestWriteCredentials(t *testing.T) {
	p := emutest.NewPhotos(t, emulator.GoogleOptions{})
	server, err := p.E.Listen("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "new")
	secretPath, tokenPath, err := p.E.WriteCredentials(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{secretPath, tokenPath} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", path, info.Mode(), err)
		}
	}
	var secret secretJSON
	var token tokenJSON
	readJSON(t, secretPath, &secret)
	readJSON(t, tokenPath, &token)
	if secret.Installed.AuthURI != server.OAuthURL+"/o/oauth2/auth" || secret.Installed.TokenURI != server.OAuthURL+"/token" || len(secret.Installed.RedirectURIs) == 0 {
		t.Errorf("client secret: %+v", secret)
	}
	if token.Expiry != "2026-02-01T12:59:59.000000Z" && !strings.HasPrefix(token.Expiry, "2026-02-01T12:59:59.") && !strings.HasPrefix(token.Expiry, "2026-02-01T13:00:0") {
		t.Errorf("expiry %s", token.Expiry)
	}
	p.Token = token.Token
	p.OK("GET", "/v1/albums", "", nil)
	if r, answer := p.Post("/token", p.RefreshForm(token.RefreshToken)); answer.AccessToken == "" {
		t.Errorf("refresh: %s", r.Body)
	}
	if _, _, err := p.E.WriteCredentials(secretPath); err == nil {
		t.Error("wrote into a file")
	}
}

// Only files of an emulator are replaced, also those of an emulator that is gone
// and those that a client has refreshed; anything else is left as it is.
func TestWriteCredentialsReplacesItsOwnOnly(t *testing.T) {
	const (
		client   = `{"installed": {"client_id": "1-real.apps.googleusercontent.com", "client_secret": "GOCSPX-real"}}`
		token    = `{"refresh_token": "1//real", "client_id": "1-real.apps.googleusercontent.com"}`
		emulated = `{"token": "ya29.new", "refresh_token": "1//e", "client_id": "7-emulated.apps.googleusercontent.com", "gondola": {"account": "0"}}`
	)
	for _, tc := range []struct {
		name, client, token string // "" is no file
		replaced            bool
	}{
		{name: "nothing", replaced: true},
		{name: "an emulator's token", token: emulated, replaced: true},
		{name: "real files", client: client, token: token},
		{name: "a real client", client: client},
		{name: "a real client, an emulator's token", client: client, token: emulated},
		{name: "a real token", token: token},
		{name: "a token without its client", token: `{"refresh_token": "1//real"}`},
		{name: "a web client", client: `{"web": {"client_id": "1-real.apps.googleusercontent.com"}}`},
		{name: "no JSON", token: "notes"},
		{name: "a large file", token: `{"client_id": "7-emulated.apps.googleusercontent.com"}` + strings.Repeat(" ", 64<<10)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e, err := emulator.New(emulator.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			dir := t.TempDir()
			before := map[string]string{"client_secret.json": tc.client, "token.json": tc.token}
			for name, content := range before {
				if content == "" {
					continue
				}
				if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			_, _, err = e.WriteCredentials(dir)
			if (err == nil) != tc.replaced || !tc.replaced && !errors.Is(err, emulator.ErrForeignFile) {
				t.Errorf("WriteCredentials: %v", err)
			}
			for name, content := range before {
				got, err := os.ReadFile(filepath.Join(dir, name))
				if tc.replaced {
					if err != nil || string(got) == content {
						t.Errorf("%s is not written: %v", name, err)
					}
				} else if string(got) != content {
					t.Errorf("%s: %q, want %q", name, got, content)
				}
			}
			if tc.replaced {
				if _, _, err := e.WriteCredentials(dir); err != nil {
					t.Errorf("the second time: %v", err)
				}
			}
		})
	}
}

func TestWriteCredentialsFollowsNoLink(t *testing.T) {
	e, err := emulator.New(emulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	dir := t.TempDir()
	if err := os.Symlink(filepath.Join(dir, "elsewhere"), filepath.Join(dir, "token.json")); err != nil {
		t.Skip(err)
	}
	if _, _, err := e.WriteCredentials(dir); !errors.Is(err, emulator.ErrForeignFile) {
		t.Errorf("WriteCredentials: %v, want ErrForeignFile", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("the directory holds %v, %v", entries, err)
	}
}

func TestEnviron(t *testing.T) {
	e, err := emulator.New(emulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	dir := t.TempDir()
	if _, err := e.Environ(dir); !errors.Is(err, emulator.ErrNotListening) {
		t.Errorf("%v, want ErrNotListening: the real services must not be named", err)
	}
	server, err := e.Listen("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	got, err := e.Environ(dir)
	want := []string{
		"GONDOLA_GOPRO_URL=" + server.GoProURL, "GP_ACCESS_TOKEN=" + e.GoPro.Token(), "GONDOLA_GPHOTOS_URL=" + server.PhotosURL,
		"GONDOLA_CREDENTIALS=" + filepath.Join(dir, "client_secret.json"), "GONDOLA_TOKEN=" + filepath.Join(dir, "token.json"),
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
}

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}
