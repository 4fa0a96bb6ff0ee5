package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/internal/e2e/rig"
	"github.com/gondola-sync/gondola/internal/summary"
)

// foreign is a host that is none of the user's services. It agrees to everything
// and records what it is sent.
type foreign struct {
	*httptest.Server
	mu   sync.Mutex
	sent []string // guarded by mu; requests, decoded
}

func newForeign(t *testing.T) *foreign {
	f := &foreign{}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		dump, err := httputil.DumpRequest(r, true)
		if err != nil {
			t.Error(err)
		}
		decoded, _ := url.QueryUnescape(string(dump))
		f.mu.Lock()
		f.sent = append(f.sent, string(dump)+"\n"+decoded)
		f.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"access_token": "ya29.of-the-foreign-host", "expires_in": 3600, "token_type": "Bearer"}`)
	}))
	t.Cleanup(f.Close)
	return f
}

// take returns what was sent since it was called last.
func (f *foreign) take() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := strings.Join(f.sent, "\n\n")
	f.sent = nil
	return all
}

// user has the credentials of emulated services in the config directory, and
// those services' addresses in the config file.
type user struct {
	t       *testing.T
	cloud   *emulator.Emulator
	home    string
	secrets map[string]string // what each is, by value
}

func newUser(t *testing.T) *user {
	t.Helper()
	cloud, err := emulator.New(emulator.Options{Library: emulator.Many(3, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cloud.Close() })
	server, err := cloud.Listen("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	u := &user{t: t, cloud: cloud, home: t.TempDir(), secrets: map[string]string{cloud.GoPro.Token(): "GoPro token"}}
	if _, _, err := cloud.WriteCredentials(u.config()); err != nil {
		t.Fatal(err)
	}
	u.put(filepath.Join(u.config(), "gopro_token"), cloud.GoPro.Token())
	u.put(filepath.Join(u.config(), "config.toml"), fmt.Sprintf("gopro-url = %q\ngphotos-url = %q\n", server.GoProURL, server.PhotosURL))
	var token map[string]any
	if err := json.Unmarshal([]byte(u.read("token.json")), &token); err != nil {
		t.Fatal(err)
	}
	for member, what := range map[string]string{"token": "access token", "refresh_token": "refresh token", "client_secret": "client secret"} {
		u.secrets[token[member].(string)] = what
	}
	return u
}

func (u *user) config() string { return filepath.Join(u.home, ".config", "gondola") }

func (u *user) read(name string) string {
	u.t.Helper()
	text, err := os.ReadFile(filepath.Join(u.config(), name))
	if err != nil {
		u.t.Fatal(err)
	}
	return string(text)
}

func (u *user) put(path, text string) {
	u.t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		u.t.Fatal(err)
	}
}

// expire lets the access token in the token file be over, so that the next
// command refreshes it.
func (u *user) expire() {
	expiry := regexp.MustCompile(`("expiry": ?")[^"]*`)
	u.put(filepath.Join(u.config(), "token.json"), expiry.ReplaceAllString(u.read("token.json"), "${1}2020-01-01T00:00:00Z"))
}

// run runs a command in a directory.
func (u *user) run(dir, stdin string, args ...string) (code int, stdout, stderr string) {
	u.t.Helper()
	binary, err := rig.Binary()
	if err != nil {
		u.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(u.t.Context(), time.Minute) // far more than any takes
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, args...)
	var out, said strings.Builder
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = dir, strings.NewReader(stdin), &out, &said
	cmd.Env = []string{"HOME=" + u.home, "PATH=" + os.Getenv("PATH"), "TMPDIR=" + u.t.TempDir()}
	_ = cmd.Run() // how it ended is in the exit code
	return cmd.ProcessState.ExitCode(), out.String(), said.String()
}

// hostile is a directory that another person has prepared.
type hostile struct {
	name    string
	files   map[string]string // by name; see expand
	links   map[string]string // to what, by name
	expired bool              // the user's access token
	gopro   bool              // what asks GoPro is a usage error
	google  bool              // what asks Google is one
}

const (
	evilURLs   = "GONDOLA_GOPRO_URL=EVIL\nGONDOLA_GPHOTOS_URL=EVIL\n"
	evilClient = `{"installed": {"client_id": "CLIENT", "client_secret": "of-the-foreign-host", "auth_uri": "EVIL/auth", "token_uri": "EVIL/token", "redirect_uris": ["http://localhost"]}}`
	evilToken  = `{"refresh_token": "1//of-the-foreign-host", "client_id": "CLIENT", "token_uri": "EVIL/token", "client_secret": "x"}`
)

var hostileDirectories = []hostile{
	{name: "addresses", files: map[string]string{".env": evilURLs}, gopro: true, google: true},
	{name: "GoPro's address", files: map[string]string{".env": "GONDOLA_GOPRO_URL=EVIL\n"}, gopro: true},
	{name: "Google's address", files: map[string]string{".env": "GONDOLA_GPHOTOS_URL=EVIL\n"}, google: true},
	{name: "a config file", files: map[string]string{".env": "GONDOLA_CONFIG=evil.toml\n", "evil.toml": "gopro-url = 'EVIL'\ngphotos-url = 'EVIL'\n"}, gopro: true, google: true},
	{name: "addresses and the user's own files", files: map[string]string{".env": evilURLs +
		"GONDOLA_GOPRO_TOKEN_FILE=CONFDIR/gopro_token\nGONDOLA_TOKEN=CONFDIR/token.json\nGONDOLA_CREDENTIALS=CONFDIR/client_secret.json\n"}, gopro: true, google: true},
	{name: "addresses and links to the user's own files", files: map[string]string{".env": evilURLs +
		"GONDOLA_GOPRO_TOKEN_FILE=g\nGONDOLA_TOKEN=t\nGONDOLA_CREDENTIALS=c\n"},
		links: map[string]string{"g": "CONFDIR/gopro_token", "t": "CONFDIR/token.json", "c": "CONFDIR/client_secret.json"}, gopro: true, google: true},
	{name: "a client in .env", files: map[string]string{".env": "GONDOLA_CREDENTIALS=evil.json\n", "evil.json": evilClient}, expired: true, google: true},
	{name: "a client in q2google's words", files: map[string]string{".env": "Q2GOOGLE_CREDENTIALS_PATH=evil.json\n", "evil.json": evilClient}, expired: true, google: true},
	{name: "a client", files: map[string]string{"client_secret.json": evilClient}, expired: true},
	{name: "a token", files: map[string]string{"token.json": evilToken}, expired: true},
	{name: "a client and a link to the user's token", files: map[string]string{"client_secret.json": evilClient}, links: map[string]string{"token.json": "CONFDIR/token.json"}, expired: true},
	{name: "a client in .env and the user's token", files: map[string]string{".env": "GONDOLA_CREDENTIALS=evil.json\nGONDOLA_TOKEN=CONFDIR/token.json\n", "evil.json": evilClient}, expired: true},
}

// hostileCommands are all that use credentials.
var hostileCommands = []struct {
	args          string
	stdin         string // GOPRO is the user's token
	gopro, google bool   // what it asks
}{
	{"sync --session-id again", "", true, true},
	{"sync --dry-run --json", "", true, true},
	{"ls gopro:", "", true, false},
	{"ls gphotos:", "", false, true},
	{"verify first", "", false, true},
	{"login status", "", true, true},
	{"login gopro", "GOPRO", true, false},
	{"login google --headless", "http://127.0.0.1:53199/?state=wrong&code=4%2Fwrong\n", false, true},
	{"doctor", "", true, true},
}

// In a directory that another person has prepared, no command sends any of the
// user's credentials anywhere but to the user's own services.
func TestWorkingDirectoryIsNotTrusted(t *testing.T) {
	t.Parallel()
	u, evil := newUser(t), newForeign(t)
	if code, stdout, stderr := u.run(t.TempDir(), "", "sync", "--session-id", "first"); code != 0 {
		t.Fatalf("sync: exit code %d\n%s%s", code, stdout, stderr)
	}
	expand := strings.NewReplacer("EVIL", evil.URL, "CONFDIR", u.config(), "CLIENT", clientOf(u)).Replace
	for _, h := range hostileDirectories {
		dir := t.TempDir()
		for name, text := range h.files {
			u.put(filepath.Join(dir, name), expand(text))
		}
		for name, to := range h.links {
			if err := os.Symlink(expand(to), filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
		for _, command := range hostileCommands {
			if h.expired {
				u.expire()
			}
			before := u.read("token.json")
			code, stdout, stderr := u.run(dir, strings.ReplaceAll(command.stdin, "GOPRO", u.cloud.GoPro.Token()), strings.Fields(command.args)...)
			sent := evil.take()
			for secret, what := range u.secrets {
				if strings.Contains(sent, secret) {
					t.Errorf("%s: gondola %s sends the %s to the foreign host", h.name, command.args, what)
				}
			}
			refused := h.gopro && command.gopro || h.google && command.google
			if (code == 2) != refused {
				t.Errorf("%s: gondola %s: exit code %d, a usage error: %v\n%s%s", h.name, command.args, code, refused, stdout, stderr)
			}
			if refused && !strings.Contains(stdout+stderr, "in .env") {
				t.Errorf("%s: gondola %s does not name the setting\n%s%s", h.name, command.args, stdout, stderr)
			}
			if refused && u.read("token.json") != before {
				t.Errorf("%s: gondola %s changed the token file", h.name, command.args)
			}
		}
	}
}

// clientOf returns the id of the user's OAuth client, which is no secret.
func clientOf(u *user) string {
	return regexp.MustCompile(`"client_id": ?"([^"]*)`).FindStringSubmatch(u.read("token.json"))[1]
}

// A login in the working directory is used as a whole, a line says so, and the
// account is named.
func TestLoginOfTheWorkingDirectoryIsNamed(t *testing.T) {
	t.Parallel()
	u := newUser(t)
	named := func(dir string) (account, stderr string) {
		t.Helper()
		code, stdout, stderr := u.run(dir, "", "sync", "--session-id", filepath.Base(dir), "--json")
		if code != 0 {
			t.Fatalf("sync: exit code %d\n%s%s", code, stdout, stderr)
		}
		lines := strings.Split(strings.TrimSpace(stdout), "\n")
		var line struct {
			summary.Line
			Account string `json:"account"`
		}
		if err := json.Unmarshal([]byte(lines[len(lines)-1]), &line); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(stderr, "Account   "+line.Account+"\n") || line.Account == "" {
			t.Errorf("the summary does not name account %q:\n%s", line.Account, stderr)
		}
		return line.Account, stderr
	}
	elsewhere, here, dotenv := t.TempDir(), filepath.Join(t.TempDir(), "here"), filepath.Join(t.TempDir(), "dotenv")
	for _, dir := range []string{here, dotenv} {
		if _, _, err := u.cloud.WriteCredentials(dir); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"client_secret.json", "token.json"} {
		if err := os.Rename(filepath.Join(dotenv, name), filepath.Join(dotenv, "my-"+name)); err != nil {
			t.Fatal(err)
		}
	}
	u.put(filepath.Join(dotenv, ".env"), "GONDOLA_CREDENTIALS=my-client_secret.json\nGONDOLA_TOKEN=my-token.json\nGP_ACCESS_TOKEN="+u.cloud.GoPro.Token()+"\n")
	own, said := named(elsewhere)
	if strings.Contains(said, "working directory") {
		t.Errorf("outside of any such directory:\n%s", said)
	}
	for dir, notes := range map[string][]string{
		here:   {"The Google login is the one in the working directory: client_secret.json and token.json."},
		dotenv: {".env in the working directory names: my-client_secret.json and my-token.json.", "The GoPro token is the one that .env in the working directory names: GP_ACCESS_TOKEN."},
	} {
		account, said := named(dir)
		if account == own {
			t.Errorf("%s: account %s is the user's own", filepath.Base(dir), account)
		}
		for _, note := range notes {
			if strings.Count(said, note) != 1 {
				t.Errorf("%s: %q is not said once:\n%s", filepath.Base(dir), note, said)
			}
		}
	}
}
