package auth

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gondola-sync/gondola/fault"
)

const clientFile = `{"installed":{"client_id":"NNN-xxxx.apps.googleusercontent.com","project_id":"my-project",
 "auth_uri":"https://accounts.google.com/o/oauth2/auth","token_uri":"https://oauth2.googleapis.com/token",
 "auth_provider_x509_cert_url":"https://www.googleapis.com/oauth2/v1/certs",
 "client_secret":"GOCSPX-very-secret","redirect_uris":["http://localhost"]}}`

func TestReadClient(t *testing.T) {
	path := filepath.Join(t.TempDir(), "client_secret.json")
	want := &Client{
		ID: "NNN-xxxx.apps.googleusercontent.com", Secret: "GOCSPX-very-secret",
		AuthURI: "https://accounts.google.com/o/oauth2/auth", TokenURI: "https://oauth2.googleapis.com/token",
		RedirectURIs: []string{"http://localhost"},
	}
	for _, web := range []bool{false, true} {
		text := clientFile
		if web {
			text = strings.Replace(text, "installed", "web", 1)
		}
		writeTestFile(t, path, text)
		want.Web = web
		got, err := ReadClient(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("ReadClient (-want +got):\n%s", diff)
		}
	}
}

func TestReadClientErrors(t *testing.T) {
	change := func(old, new string) string { return strings.Replace(clientFile, old, new, 1) }
	for _, tc := range []struct{ name, text, says string }{
		{"empty", "", "not JSON"},
		{"page instead of file", "<html>", "malformed at byte 1"},
		{"list", "[]", "not a JSON object"},
		{"other key", change("installed", "device"), `neither "installed" nor "web"`},
		{"token file", `{"refresh_token":"GOCSPX-very-secret"}`, "token file"},
		{"service account", `{"type":"service_account"}`, "service account"},
		{"no id", change("NNN-xxxx.apps.googleusercontent.com", ""), "client_id is missing"},
		{"id of wrong type", change(`"NNN-xxxx.apps.googleusercontent.com"`, "7"), "client_id has the wrong type"},
		{"no auth_uri", change("auth_uri", "other"), "auth_uri is missing"},
		{"no token_uri", change("token_uri", "other"), "token_uri is missing"},
		{"plain http", change("https://oauth2.", "http://oauth2."), "token_uri must begin with https"},
		{"lookalike of loopback", change("https://oauth2.googleapis.com", "http://127.0.0.1.example.org"), "token_uri must begin with https"},
		{"file", change("https://oauth2.googleapis.com", "file://"), "token_uri is not a web address"},
		{"password in address", change("https://oauth2.", "https://a:GOCSPX-very-secret@oauth2."), "token_uri is not a web address"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "client_secret.json")
			writeTestFile(t, path, tc.text)
			_, err := ReadClient(path)
			if err == nil || !strings.Contains(err.Error(), tc.says) || !strings.Contains(err.Error(), path) {
				t.Fatalf("ReadClient = %v, want %q and the path in it", err, tc.says)
			}
			if fault.ClassOf(err) != fault.Session || fault.CodeOf(err) != fault.Auth {
				t.Errorf("class %s, code %s", fault.ClassOf(err), fault.CodeOf(err))
			}
			noSecrets(t, everything(err))
		})
	}
	_, err := ReadClient(filepath.Join(t.TempDir(), "none.json"))
	failure, _ := errors.AsType[*fault.Error](err)
	if !errors.Is(err, fs.ErrNotExist) || failure == nil || !strings.Contains(failure.Hint, "gondola login google") {
		t.Errorf("ReadClient of a missing file = %v, want ErrNotExist with the hint to log in", err)
	}
}

func TestCheckEndpoint(t *testing.T) {
	for raw, ok := range map[string]bool{
		"https://oauth2.googleapis.com/token": true,
		"http://127.0.0.1:8080/token":         true,
		"http://127.9.9.9/":                   true,
		"http://[::1]:80/token":               true,
		"http://LOCALHOST/token":              true,
		"http://localhost.example.org/":       false,
		"http://10.0.0.1/":                    false,
		"http://0.0.0.0/":                     false,
		"ftp://127.0.0.1/":                    false,
		"https:///token":                      false,
		"https://x/#y":                        false,
		"//x/y":                               false,
		"\x00":                                false,
	} {
		if err := checkEndpoint(raw); (err == nil) != ok {
			t.Errorf("checkEndpoint(%q) = %v, want ok: %v", raw, err, ok)
		}
	}
}

func TestRevokeURI(t *testing.T) {
	for token, want := range map[string]string{
		"https://oauth2.googleapis.com/token":           "https://oauth2.googleapis.com/revoke",
		"https://www.googleapis.com/oauth2/v4/token":    "https://oauth2.googleapis.com/revoke",
		"http://127.0.0.1:8080/token":                   "http://127.0.0.1:8080/revoke",
		"http://127.0.0.1:8080/oauth2/token?x=y":        "http://127.0.0.1:8080/oauth2/revoke",
		"http://127.0.0.1:8080":                         "http://127.0.0.1:8080/revoke",
		"https://oauth2.googleapis.com.evil.test/token": "https://oauth2.googleapis.com.evil.test/revoke",
	} {
		if got := (&Client{TokenURI: token}).revokeURI(); got != want {
			t.Errorf("revokeURI of %s = %s, want %s", token, got, want)
		}
	}
}

func TestSecretIsNotPrinted(t *testing.T) {
	c := testClient(testOrigin)
	noSecrets(t, fmt.Sprintf("%v %+v %#v %s %v %+v %#v", c, c, c, c, *c, *c, *c))
	k := Credentials{AccessToken: "ya29.x", RefreshToken: "1//0x", ClientSecret: testClientSecret}
	noSecrets(t, fmt.Sprintf("%v %+v %#v %v %+v %#v", k, k, k, &k, &k, &k), "ya29.x", "1//0x")
}

func FuzzClientFile(f *testing.F) {
	f.Add([]byte(clientFile))
	f.Add([]byte(`{"web":{"client_id":"a","auth_uri":"http://[::1]/a","token_uri":"http://localhost:1"},"installed":null}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := parseClient(data)
		if err != nil {
			return
		}
		if c.ID == "" {
			t.Error("no client id")
		}
		for _, uri := range []string{c.AuthURI, c.TokenURI, c.revokeURI()} {
			if err := checkEndpoint(uri); err != nil {
				t.Errorf("endpoint %q %v", uri, err)
			}
		}
	})
}
