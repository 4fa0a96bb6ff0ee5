package profile

import (
	"bytes"
	stdcmp "cmp"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/zalando/go-keyring"

	"github.com/gondola-sync/gondola/internal/config"
)

var testServices = Services{
	"gopro":   {KeyToken, KeyCommand, KeyStore},
	"gphotos": {KeyCredentials, KeyToken, KeyStore},
}

// open returns the profiles of a config file in a fresh home directory, which it
// returns, too.
func open(t *testing.T, file string, o Options) (*Set, string, error) {
	t.Helper()
	home := t.TempDir()
	dir := filepath.Join(home, ".config", "gondola")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "config.toml"), []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	sources, err := config.Load([]string{"HOME=" + home}, home, "")
	if err != nil {
		t.Fatal(err)
	}
	set, err := Open(sources, testServices, o)
	return set, home, err
}

func mustProfile(t *testing.T, s *Set, service, name string) *Profile {
	t.Helper()
	p, err := s.Profile(ID{service, name})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func mustStore(t *testing.T, p *Profile, name string) *Document {
	t.Helper()
	d, err := p.Store(name)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestNames(t *testing.T) {
	set, _, err := open(t, "[gopro.zoe]\n[gopro.anna]\n[gphotos.family]\n", Options{})
	if err != nil {
		t.Fatal(err)
	}
	ben := mustProfile(t, set, "gopro", "ben")
	if ben.Exists() || !mustProfile(t, set, "gopro", "zoe").Exists() {
		t.Errorf("before a login: ben %t, zoe %t; want false, true", ben.Exists(), mustProfile(t, set, "gopro", "zoe").Exists())
	}
	if err := mustStore(t, ben, "token").Write([]byte("t")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(set.root(), "gopro@Not a name"), 0o700); err != nil {
		t.Fatal(err)
	}
	if !ben.Exists() {
		t.Error("a profile with stored credentials does not exist")
	}
	for service, want := range map[string][]string{"gopro": {"anna", "ben", "zoe"}, "gphotos": {"family"}, "other": nil} {
		if got, err := set.Names(service); !cmp.Equal(got, want) || err != nil {
			t.Errorf("Names(%q) = %q, %v; want %q", service, got, err, want)
		}
	}
}

func TestTablesThatMakeNoSense(t *testing.T) {
	for file, want := range map[string]string{
		"[google.family]":                                           `table [google.family]: "google" has no profiles; those of gopro and gphotos can`,
		"[gopro.Anna]":                                              "lower-case letters",
		"[gopro.default]":                                           "reserved",
		"[gopro.anna]\ntoken-fil = 'x'":                             `unknown key "token-fil"; keys are token-file, token-command, token-store; did you mean token-file?`,
		"[gphotos.anna]\ntoken-command = 'x'":                       `unknown key "token-command"`,
		"[gopro.anna]\ntoken-file = ['x', 'y']":                     "one value is expected",
		"[gopro.anna]\ntoken-file = ''":                             "is empty",
		"[gopro.anna]\ntoken-command = []":                          "is empty",
		"[gopro.anna]\ntoken-store = 'keyrin'":                      `did you mean keyring?`,
		"[gopro.anna]\ntoken-file = 'x'\ntoken-command = 'x'":       "mutually exclusive",
		"[gphotos.anna]\ntoken-file = 'x'\ntoken-store = 'keyring'": "mutually exclusive",
	} {
		_, _, err := open(t, file, Options{})
		if _, ok := errors.AsType[*config.UsageError](err); !ok || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want a usage error with %q", file, err, want)
		}
	}
}

func TestPathsOfGoogle(t *testing.T) {
	set, home, err := open(t, "[gphotos.set]\ncredentials = '~/c.json'\ntoken_file = '~/t.json'\n[gphotos.own]\n", Options{})
	if err != nil {
		t.Fatal(err)
	}
	own := mustProfile(t, set, "gphotos", "own")
	check := func(p *Profile, client, token string) {
		t.Helper()
		got, err := p.Client("client_secret.json")
		if err != nil || got != client {
			t.Errorf("client of %s = %q, %v; want %q", p, got, err, client)
		}
		if got := mustStore(t, p, "token.json").Path(); got != token {
			t.Errorf("token of %s = %q, want %q", p, got, token)
		}
	}
	configDir := filepath.Join(home, ".config", "gondola")
	check(mustProfile(t, set, "gphotos", "set"), filepath.Join(home, "c.json"), filepath.Join(home, "t.json"))
	check(own, filepath.Join(configDir, "client_secret.json"), filepath.Join(own.Dir(), "token.json"))
	if err := os.MkdirAll(own.Dir(), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(own.Dir(), "client_secret.json"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	check(own, filepath.Join(own.Dir(), "client_secret.json"), filepath.Join(own.Dir(), "token.json"))
}

func TestTokenInFile(t *testing.T) {
	set, _, err := open(t, "", Options{})
	if err != nil {
		t.Fatal(err)
	}
	p := mustProfile(t, set, "gopro", "anna")
	if token, err := p.Token(t.Context(), "token"); !token.IsZero() || err != nil {
		t.Errorf("before a login: %v, %v", token, err)
	}
	d := mustStore(t, p, "token")
	for _, value := range []string{"first", "second"} {
		if err := d.Write([]byte(value)); err != nil {
			t.Fatal(err)
		}
		token, err := p.Token(t.Context(), "token")
		if err != nil || token.Reveal() != value || token.From != d.Path() || token.File != d.Path() {
			t.Errorf("token = %q from %q, %v; want %q from %q", token.Reveal(), token.From, err, value, d.Path())
		}
	}
	info, err := os.Stat(d.Path())
	if err != nil {
		t.Fatal(err)
	}
	if perm := info.Mode().Perm(); perm != 0o600 && os.PathSeparator == '/' {
		t.Errorf("the file is %v, want 0600", perm)
	}
	if other, err := mustProfile(t, set, "gopro", "ben").Token(t.Context(), "token"); !other.IsZero() || err != nil {
		t.Errorf("another profile has %v, %v", other, err)
	}
	if err := os.WriteFile(d.Path(), []byte(" \n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Token(t.Context(), "token"); err == nil || !strings.Contains(err.Error(), "is empty") {
		t.Errorf("an empty file: %v", err)
	}
}

// memory is a keyring that fails with err, if there is one.
type memory struct {
	secrets map[string]string
	err     error
}

func (m *memory) Get(service, user string) (string, error) {
	if secret, ok := m.secrets[service+" "+user]; ok && m.err == nil {
		return secret, nil
	}
	return "", stdcmp.Or(m.err, keyring.ErrNotFound)
}

func (m *memory) Set(service, user, secret string) error {
	if m.err == nil {
		m.secrets[service+" "+user] = secret
	}
	return m.err
}

func TestKeyring(t *testing.T) {
	var log bytes.Buffer
	ring := &memory{secrets: map[string]string{}}
	set, _, err := open(t, "[gopro.anna]\ntoken-store = 'keyring'\n", Options{Keyring: ring, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	d := mustStore(t, mustProfile(t, set, "gopro", "anna"), "token")
	check := func(want, where string) {
		t.Helper()
		got, err := d.Read()
		if err != nil || string(got) != want || d.Where() != where {
			t.Errorf("read %q in %q, %v; want %q in %q", got, d.Where(), err, want, where)
		}
	}
	write := func(text string) {
		t.Helper()
		if err := d.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.Read(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("nothing stored: %v, want fs.ErrNotExist", err)
	}
	write("one")
	check("one", inKeyring)
	if log.Len() > 0 {
		t.Errorf("a keyring without the document is warned of: %s", log.String())
	}
	ring.err = errors.New("no D-Bus")
	if _, err := d.Read(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the keyring fails: %v, want fs.ErrNotExist", err)
	}
	if got := log.String(); strings.Count(got, "cannot be read") != 1 {
		t.Errorf("logged %q, want one warning", got)
	}
	write("two") // to the file, which is the newer one
	check("two", d.Path())
	if got := log.String(); !strings.Contains(got, "no D-Bus") || strings.Contains(got, "two") {
		t.Errorf("logged %q, want the keyring's error and not the secret", got)
	}
	ring.err = nil
	check("two", d.Path())
	write("three")
	check("three", inKeyring)
	if _, err := os.Stat(d.Path()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file is still there: %v", err)
	}
	if want := map[string]string{"gondola gopro@anna": "three"}; !cmp.Equal(ring.secrets, want) {
		t.Errorf("the keyring holds %q, want %q", ring.secrets, want)
	}
}

func TestKeyringThatDoesNotAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := make(chan struct{})
		if _, err := answered(func() (string, error) { <-hang; return "late", nil }); !errors.Is(err, errSilent) {
			t.Errorf("answered = %v, want %v", err, errSilent)
		}
		close(hang)
		if text, err := answered(func() (string, error) { return "now", nil }); text != "now" || err != nil {
			t.Errorf("answered = %q, %v", text, err)
		}
	})
}
