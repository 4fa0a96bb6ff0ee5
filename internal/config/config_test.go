package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"
)

// write puts a file below a fresh directory and returns its path.
func write(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func flagSet() *pflag.FlagSet {
	fs := pflag.NewFlagSet("gondola", pflag.ContinueOnError)
	fs.String("state-dir", "default", "")
	fs.String("log-level", "warn", "")
	fs.Int("max-items", 0, "")
	fs.Int("batch-size", 0, "")
	fs.Bool("fail-fast", false, "")
	fs.StringSlice("type", nil, "")
	fs.Bool("help", false, "")
	return fs
}

func TestPrecedence(t *testing.T) {
	const flag, env, dot, file = "--state-dir=flag", "GONDOLA_STATE_DIR=env", "GONDOLA_STATE_DIR=dotenv\n", "state-dir = 'file'\n"
	for _, tc := range []struct {
		name          string
		args, environ []string
		dotenv, file  string
		want          string
		origin        Origin
	}{
		{"nothing", nil, nil, "", "", "default", Default},
		{"file", nil, nil, "", file, "file", File},
		{"dotenv over file", nil, nil, dot, file, "dotenv", DotEnv},
		{"environment over dotenv", nil, []string{env}, dot, file, "env", Environment},
		{"flag over all", []string{flag}, []string{env}, dot, file, "flag", Flag},
		{"empty is not set", nil, []string{"GONDOLA_STATE_DIR="}, "", file, "file", File},
		{"q2google", nil, []string{"Q2GOOGLE_STATE_DIR=q2"}, "", file, "q2", Environment},
		{"own name over q2google", nil, []string{"Q2GOOGLE_STATE_DIR=q2"}, dot, "", "dotenv", DotEnv},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			if tc.dotenv != "" {
				if err := os.WriteFile(filepath.Join(dir, ".env"), []byte(tc.dotenv), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			config := write(t, "config.toml", tc.file)
			fs := flagSet()
			if err := fs.Parse(tc.args); err != nil {
				t.Fatal(err)
			}
			src, err := Load(tc.environ, dir, config)
			if err != nil {
				t.Fatal(err)
			}
			origins, err := src.Apply(fs)
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := fs.GetString("state-dir"); got != tc.want || origins["state-dir"] != tc.origin {
				t.Errorf("state-dir = %q from %d, want %q from %d", got, origins["state-dir"], tc.want, tc.origin)
			}
		})
	}
}

func TestValues(t *testing.T) {
	for _, tc := range []struct {
		name    string
		environ []string
		file    string
		flag    string
		want    string // as the flag prints it
		wantErr string
	}{
		{"number", nil, "max-items = 12", "max-items", "12", ""},
		{"switch", nil, "fail-fast = true", "fail-fast", "true", ""},
		{"list", nil, `type = ["photo", "video"]`, "type", "[photo,video]", ""},
		{"one of a list", nil, `type = "photo"`, "type", "[photo]", ""},
		{"list in a variable", []string{"GONDOLA_TYPE=photo,video"}, "", "type", "[photo,video]", ""},
		{"yes", []string{"Q2GOOGLE_FAIL_FAST=Yes"}, "", "fail-fast", "true", ""},
		{"python level", []string{"Q2GOOGLE_LOG_LEVEL=WARNING"}, "", "log-level", "warn", ""},
		{"unknown python level", []string{"Q2GOOGLE_LOG_LEVEL=LOUD"}, "", "log-level", "warn", ""},
		{"library batch first", []string{"Q2GOOGLE_SYNC_BATCH_SIZE=5", "Q2GOOGLE_PHOTOS_LIBRARY_BATCH_SIZE=7"}, "", "batch-size", "7", ""},
		{"not a number", []string{"GONDOLA_MAX_ITEMS=many"}, "", "", "", `variable GONDOLA_MAX_ITEMS: "many": a whole number is expected`},
		{"list for one", nil, "max-items = [1, 2]", "", "", `key "max-items": one value is expected`},
		{"a variable cannot ask for help", []string{"GONDOLA_HELP=true"}, "", "help", "false", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			src, err := Load(tc.environ, t.TempDir(), write(t, "config.toml", tc.file))
			if err != nil {
				t.Fatal(err)
			}
			fs := flagSet()
			_, err = src.Apply(fs)
			if tc.wantErr != "" {
				if _, ok := errors.AsType[*UsageError](err); !ok || !strings.Contains(err.Error(), tc.wantErr) {
					t.Fatalf("Apply = %v, want a UsageError with %q", err, tc.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := fs.Lookup(tc.flag).Value.String(); got != tc.want {
				t.Errorf("%s = %s, want %s", tc.flag, got, tc.want)
			}
		})
	}
}

func TestUnknownKey(t *testing.T) {
	path := write(t, "config.toml", "State_Dir = 'x'\n")
	src, err := Load(nil, t.TempDir(), path)
	if err != nil {
		t.Fatal(err)
	}
	err = src.CheckKeys(map[string]bool{"state-dir": true})
	if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), `unknown key "State_Dir"`) ||
		!strings.Contains(err.Error(), `did you mean "state-dir"?`) {
		t.Errorf("CheckKeys = %v, want file, key and suggestion", err)
	}
	if err := src.CheckKeys(map[string]bool{"State_Dir": true}); err != nil {
		t.Errorf("CheckKeys of a known key = %v", err)
	}
}

func TestLoadFailures(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, ".env"), []byte("GP_ACCESS_TOKEN='hidden\n=="), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, dir, config, want string
		environ                 []string
	}{
		{"named file missing", t.TempDir(), "/nowhere/config.toml", "/nowhere/config.toml", nil},
		{"named by a variable", t.TempDir(), "", "/nowhere/c.toml", []string{"GONDOLA_CONFIG=/nowhere/c.toml"}},
		{"broken file", t.TempDir(), write(t, "c.toml", "x = 1\n= 1"), "c.toml: line 2 is not valid TOML", nil},
		{"password in a broken file", t.TempDir(), write(t, "c.toml", `state = "postgres://u:p"hidden"@h/d"`), "c.toml: line 1 is not valid TOML", nil},
		{"directory", t.TempDir(), t.TempDir(), "not a regular file: it is a directory", nil},
		{"device", t.TempDir(), os.DevNull, "not a regular file", nil},
		{"table of no profile", t.TempDir(), write(t, "c.toml", "[sync]\nstart='x'"), `table [sync]: key "start"`, nil},
		{"broken .env", dir, "", ".env: line 1 is not NAME=VALUE", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Load(tc.environ, tc.dir, tc.config)
			if _, ok := errors.AsType[*UsageError](err); !ok || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("Load = %v, want a UsageError with %q", err, tc.want)
			}
			if err != nil && strings.Contains(err.Error(), "hidden") {
				t.Errorf("Load gives a secret away: %v", err)
			}
		})
	}
	if _, err := Load([]string{"HOME=" + t.TempDir()}, t.TempDir(), ""); err != nil {
		t.Errorf("Load without any file = %v", err)
	}
}

func TestTables(t *testing.T) {
	dir := t.TempDir()
	path := write(t, "c.toml", "state-dir = 's'\n[gopro.anna]\ntoken_command = ['pass', 'show']\n[gopro.ben]\n[gphotos.anna]\ntoken-file = 't'\n")
	want := map[string]map[string]Table{
		"gopro":   {"anna": {"token-command": {"pass", "show"}}, "ben": {}},
		"gphotos": {"anna": {"token-file": {"t"}}},
	}
	src, err := Load(nil, dir, path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, src.Tables()); diff != "" {
		t.Errorf("tables (-want +got):\n%s", diff)
	}
	if err := src.CheckKeys(map[string]bool{"state-dir": true}); err != nil {
		t.Errorf("CheckKeys with tables = %v", err)
	}
	for content, want := range map[string]string{
		"[gopro]\ntoken-file = 't'":         `table [gopro]: key "token-file" must be in the table of a profile, such as [gopro.NAME]`,
		"[gopro.anna]\ntoken-file = 1.5":    `table [gopro.anna]: key "token-file": a text`,
		"[gopro.anna.more]\ntoken-file = 1": `table [gopro.anna]: key "more": a text`,
	} {
		if _, err := Load(nil, dir, write(t, "c.toml", content)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Load of %q = %v, want %q", content, err, want)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, ".env"), []byte("GONDOLA_CONFIG="+path+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(nil, dir, ""); err == nil || !strings.Contains(err.Error(), "in .env") {
		t.Errorf("Load of tables in a file that .env names = %v", err)
	}
	if _, err := Load([]string{"GONDOLA_CONFIG=" + path}, dir, ""); err != nil {
		t.Errorf("Load of the same file by the environment = %v", err)
	}
}

func TestGoProToken(t *testing.T) {
	file := write(t, "token", " from-file\n")
	home := t.TempDir()
	stored := filepath.Join(home, ".config", "gondola", "gopro_token")
	if err := os.MkdirAll(filepath.Dir(stored), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(stored, []byte("from-login\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name    string
		environ []string
		want    string
		from    string
	}{
		{"own variable first", []string{"GP_ACCESS_TOKEN=a", "GONDOLA_GOPRO_TOKEN=b"}, "b", "GONDOLA_GOPRO_TOKEN"},
		{"gopro-api's variable", []string{"GP_ACCESS_TOKEN=a", "Q2GOOGLE_GOPRO_ACCESS_TOKEN=c"}, "a", "GP_ACCESS_TOKEN"},
		{"file", []string{"GONDOLA_GOPRO_TOKEN_FILE=" + file}, "from-file", file},
		{"other file", []string{"GP_ACCESS_TOKEN_FILE=" + file}, "from-file", file},
		{"q2google", []string{"Q2GOOGLE_GOPRO_ACCESS_TOKEN=c"}, "c", "Q2GOOGLE_GOPRO_ACCESS_TOKEN"},
		{"stored", []string{"HOME=" + home}, "from-login", stored},
		{"none", []string{"HOME=" + t.TempDir()}, "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			src, err := Load(tc.environ, t.TempDir(), "")
			if err != nil {
				t.Fatal(err)
			}
			got, err := src.GoProToken()
			if err != nil || got.Reveal() != tc.want || got.From != tc.from {
				t.Errorf("GoProToken = %q from %q, %v; want %q from %q", got.Reveal(), got.From, err, tc.want, tc.from)
			}
			for _, printed := range []string{fmt.Sprint(got), fmt.Sprintf("%#v %+v", got, got), got.LogValue().String()} {
				if tc.want != "" && strings.Contains(printed, got.Reveal()+" ") {
					t.Errorf("the secret prints as %q", printed)
				}
			}
		})
	}
	src, err := Load([]string{"GONDOLA_GOPRO_TOKEN_FILE=/nowhere/token"}, t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := src.GoProToken(); err == nil || !strings.Contains(err.Error(), "GONDOLA_GOPRO_TOKEN_FILE") {
		t.Errorf("GoProToken with a missing file = %v, want the variable named", err)
	}
}

func TestSecretNeverPrints(t *testing.T) {
	s := NewSecret("hush", "GP_ACCESS_TOKEN")
	for _, verb := range []string{"%s", "%v", "%+v", "%#v", "%q"} {
		if got := fmt.Sprintf(verb, s); strings.Contains(got, "hush") {
			t.Errorf("%s prints %s", verb, got)
		}
	}
}

func TestEndpoint(t *testing.T) {
	for _, tc := range []struct{ raw, want, wantErr string }{
		{"https://api.gopro.com", "https://api.gopro.com", ""},
		{"https://api.gopro.com/", "https://api.gopro.com", ""},
		{"http://127.0.0.1:8080", "http://127.0.0.1:8080", ""},
		{"http://localhost:1", "http://localhost:1", ""},
		{"http://[::1]:9/root/", "http://[::1]:9/root", ""},
		{"http://api.gopro.com", "", "must be https"},
		{"http://127.0.0.1.evil.example", "", "must be https"},
		{"ftp://x", "", "must begin with https://"},
		{"api.gopro.com", "", "is not the address"},
		{"https://user:pw@api.gopro.com", "", "no user"},
		{"https://x?key=pw", "", "no user, query"},
		{"://pw", "", "is not the address"},
		{"https://user:12/pw@api.gopro.com", "", "is not the address"},
		{"https://user:x/pw@api.gopro.com", "", "is not the address"},
	} {
		got, err := Endpoint("GONDOLA_GOPRO_URL", tc.raw)
		if got != tc.want || (err == nil) != (tc.wantErr == "") {
			t.Errorf("Endpoint(%q) = %q, %v; want %q, %q", tc.raw, got, err, tc.want, tc.wantErr)
			continue
		}
		if err != nil && (!strings.Contains(err.Error(), tc.wantErr) || !strings.HasPrefix(err.Error(), "GONDOLA_GOPRO_URL: ") || strings.Contains(err.Error(), "pw")) {
			t.Errorf("Endpoint(%q): %v, want the setting and %q without secrets", tc.raw, err, tc.wantErr)
		}
	}
}

func TestPaths(t *testing.T) {
	nowhere := func() string { return "" }
	for _, tc := range []struct {
		name   string
		env    map[string]string
		lookup func() string
		want   Paths
	}{
		{"XDG", map[string]string{"HOME": "/home/u", "XDG_CONFIG_HOME": "relative", "XDG_STATE_HOME": "/state"}, nowhere,
			Paths{Home: "/home/u", Config: "/home/u/.config/gondola", State: "/state/gondola"}},
		{"Windows", map[string]string{"USERPROFILE": "/u", "APPDATA": "/roaming", "LOCALAPPDATA": "/local"}, nowhere,
			Paths{Home: "/u", Config: "/roaming/gondola", State: "/local/gondola"}},
		{"without HOME", nil, func() string { return "/home/looked-up" },
			Paths{Home: "/home/looked-up", Config: "/home/looked-up/.config/gondola", State: "/home/looked-up/.local/state/gondola"}},
		{"relative HOME", map[string]string{"HOME": "."}, func() string { return "/home/looked-up" },
			Paths{Home: "/home/looked-up", Config: "/home/looked-up/.config/gondola", State: "/home/looked-up/.local/state/gondola"}},
		{"unknown user", nil, nowhere, Paths{}},
		{"unknown user with XDG", map[string]string{"XDG_STATE_HOME": "/state"}, nowhere, Paths{State: "/state/gondola"}},
	} {
		if diff := cmp.Diff(tc.want, pathsFrom(tc.env, tc.lookup)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.name, diff)
		}
	}
}

func TestUnknownHome(t *testing.T) {
	var p Paths
	if got, err := p.Sessions(); got != "" || !isUsage(err) || !strings.Contains(err.Error(), "--state-dir") {
		t.Errorf("Sessions = %q, %v, want a UsageError that names --state-dir", got, err)
	}
	if got := p.GoProToken() + p.ConfigFile(); got != "" {
		t.Errorf("files below %q, want none", got)
	}
	if err := p.CheckConfig(); !isUsage(err) {
		t.Errorf("CheckConfig = %v, want a UsageError", err)
	}
	if got, err := p.Expand("~/x"); got != "" || !isUsage(err) {
		t.Errorf("Expand = %q, %v, want a UsageError", got, err)
	}
}

func isUsage(err error) bool {
	_, ok := errors.AsType[*UsageError](err)
	return ok
}

func TestExpand(t *testing.T) {
	p := Paths{Home: "/home/u"}
	for path, want := range map[string]string{
		"~": "/home/u", "~/x": "/home/u/x", "~/": "/home/u", "~/a/../b": "/home/u/b", "/etc/~/x": "/etc/~/x", "~other/x": "~other/x", "x~": "x~", "": "", "./~/x": "./~/x",
	} {
		if got, err := p.Expand(path); got != want || err != nil {
			t.Errorf("Expand(%q) = %q, %v, want %q", path, got, err, want)
		}
	}
	for uri, want := range map[string]string{
		"jsondir:~/s": "jsondir:/home/u/s", "sqlite:~/s.db": "sqlite:/home/u/s.db", "jsondir:/s": "jsondir:/s", "postgres://~/x": "postgres://~/x", "~/x": "~/x",
	} {
		if got, err := p.ExpandURI(uri); got != want || err != nil {
			t.Errorf("ExpandURI(%q) = %q, %v, want %q", uri, got, err, want)
		}
	}
}

func FuzzParseFile(f *testing.F) {
	f.Add([]byte("state-dir = 'x'\ntype = ['photo', 3, true]\n"))
	f.Add([]byte("when = 2026-01-08\n"))
	f.Add([]byte("[table]\nx = 1.5\n"))
	f.Add([]byte("[gopro.anna]\ntoken_command = ['pass', 'show']\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		doc, err := parseFile(data)
		if err != nil && (doc.values != nil || doc.tables != nil) {
			t.Errorf("values beside an error: %v", doc)
		}
	})
}

func TestStoreSecret(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "gopro_token")
	for _, value := range []string{"first", "second"} {
		if err := StoreSecret(path, value); err != nil {
			t.Fatal(err)
		}
		if got, err := readSecret(path); err != nil || got != value {
			t.Errorf("stored %q, read %q, %v", value, got, err)
		}
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if perm := info.Mode().Perm(); perm&0o077 != 0 && os.PathSeparator == '/' {
		t.Errorf("the file is %v, want it readable by the owner only", perm)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("%d files are left, %v; want 1", len(left), err)
	}
}

func TestStoreSecretKeepsLinkAndSweeps(t *testing.T) {
	dir := t.TempDir()
	vault := filepath.Join(dir, "vault")
	if err := os.WriteFile(vault, []byte("old\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "gopro_token")
	if err := os.Symlink("vault", path); err != nil {
		t.Skip(err)
	}
	left := filepath.Join(dir, ".vault.1.tmp") // of a write that was killed
	if err := os.WriteFile(left, []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := StoreSecret(path, "new"); err != nil {
		t.Fatal(err)
	}
	if to, err := os.Readlink(path); to != "vault" || err != nil {
		t.Errorf("the link leads to %q, %v", to, err)
	}
	if data, err := os.ReadFile(vault); string(data) != "new\n" || err != nil {
		t.Errorf("%q, %v", data, err)
	}
	if _, err := os.Lstat(left); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s stayed: %v", left, err)
	}
}
