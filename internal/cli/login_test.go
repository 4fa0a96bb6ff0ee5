package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gondola-sync/gondola/emulator"
)

// consenting starts the emulated services with a user who always agrees, and
// returns the environment that points at them; there are no tokens yet.
func consenting(t *testing.T) (environ []string, tokens string) {
	t.Helper()
	dir := t.TempDir()
	s, err := startServices(emulator.Options{Google: emulator.GoogleOptions{AutoConsent: true}}, "127.0.0.1", dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	tokens = filepath.Join(dir, "token.json")
	if err := os.Remove(tokens); err != nil {
		t.Fatal(err)
	}
	return append(s.environ, "HOME="+dir), tokens
}

// authorizeURL reads JSON lines until one tells where to consent.
func authorizeURL(t *testing.T, lines *bufio.Scanner) string {
	t.Helper()
	for lines.Scan() {
		var line struct{ Type, URL string }
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Type == "authorize" {
			return line.URL
		}
	}
	t.Fatal("no page to consent on is named")
	return ""
}

func checkTokens(t *testing.T, path string) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		t.Errorf("%s is %v", filepath.Base(path), info.Mode())
	}
}

// loginGoogle logs in with further arguments, grants access in the browser, and
// wants a text in the last line.
func loginGoogle(t *testing.T, environ []string, want string, args ...string) {
	t.Helper()
	read, write := io.Pipe()
	var talk bytes.Buffer
	code := make(chan int, 1)
	go func() {
		code <- Run(t.Context(), append([]string{"login", "google", "--json"}, args...), strings.NewReader(""), write, &talk, environ)
		write.Close()
	}()
	lines := bufio.NewScanner(read)
	answer, err := http.Get(authorizeURL(t, lines))
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	var last string
	for lines.Scan() {
		last = lines.Text()
	}
	if got := <-code; got != exitDone || !strings.Contains(last, want) {
		t.Fatalf("exit code %d, last line %s\n%s", got, last, talk.String())
	}
}

func TestLoginGoogleLoopback(t *testing.T) {
	environ, tokens := consenting(t)
	loginGoogle(t, environ, `"service":"google","valid":true`)
	checkTokens(t, tokens)
	if got, out, _ := invoke(t, environ, "login", "status"); got != exitDone {
		t.Errorf("login status: exit code %d\n%s", got, out)
	}
}

func TestLoginGoogleHeadless(t *testing.T) {
	environ, tokens := consenting(t)
	stdin, paste := io.Pipe()
	read, talk := io.Pipe()
	code := make(chan int, 1)
	go func() {
		code <- Run(t.Context(), []string{"login", "google", "--headless"}, stdin, io.Discard, talk, environ)
		talk.Close()
	}()
	lines := bufio.NewScanner(read)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "http") {
	}
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := browser.Get(lines.Text())
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	go io.WriteString(paste, answer.Header.Get("Location")+"\n")
	rest, err := io.ReadAll(read)
	if err != nil {
		t.Fatal(err)
	}
	if got := <-code; got != exitDone || !strings.Contains(string(rest), "Google granted access") {
		t.Fatalf("exit code %d\n%s", got, rest)
	}
	checkTokens(t, tokens)
}

// TestReadLineStops: who waits for an answer can be interrupted.
func TestReadLineStops(t *testing.T) {
	stdin, never := io.Pipe()
	defer never.Close()
	a := newApp(stdin, nil, nil, nil)
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errInterrupted)
	if _, err := a.readLine(ctx); exitCode(err) != exitInterrupted {
		t.Errorf("readLine = %v, want the interruption", err)
	}
}

// TestLoginGoogleProfile: a login of a profile leaves the default one alone and
// stores its tokens where that profile alone looks.
func TestLoginGoogleProfile(t *testing.T) {
	environ, tokens := consenting(t)
	home := filepath.Dir(tokens)
	configDir := filepath.Join(home, ".config", "gondola")
	if err := os.MkdirAll(configDir, 0o700); err != nil {
		t.Fatal(err)
	}
	client := filepath.Join(configDir, "client_secret.json")
	if err := os.Rename(filepath.Join(home, "client_secret.json"), client); err != nil {
		t.Fatal(err)
	}
	loginGoogle(t, environ, `"service":"google","profile":"family","valid":true`, "--profile", "family")
	checkTokens(t, filepath.Join(configDir, "profiles", "gphotos@family", "token.json"))
	if _, err := os.Stat(tokens); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the default profile's tokens: %v, want none", err)
	}
	if code, _, stderr := invoke(t, environ, "ls", "gphotos@family:"); code != exitDone {
		t.Errorf("ls gphotos@family: exit code %d\n%s", code, stderr)
	}
	if code, _, _ := invoke(t, environ, "ls", "gphotos:"); code != exitAuth {
		t.Errorf("ls gphotos: exit code %d, want %d", code, exitAuth)
	}
}
