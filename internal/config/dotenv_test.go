package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A .env file that is not meant for this program stops nothing.
func TestForeignDotEnv(t *testing.T) {
	for _, tc := range []struct{ name, text, warning string }{
		{"another syntax", "[section]\nkey: 'value\n", "line 1 is not NAME=VALUE"},
		{"one odd line", "A=1\n# note\nB=\"two\nlines\"\n-- hidden --\nC=3\n", "line 5 is not NAME=VALUE"},
		{"binary", "\x00\x01hidden\xff", "line 1 is not NAME=VALUE"},
		{"UTF-16", "\xff\xfeA\x00=\x001\x00", "line 1 is not NAME=VALUE"},
		{"too large", strings.Repeat("A=hidden\n", maxDotEnv/9+1), "too large"},
		{"many lines", strings.Repeat("hidden words\n", 5_000), "line 1 is not NAME=VALUE"},
		{"too many lines", strings.Repeat("A=hidden\n", maxDotEnvLines+1), "more than 5000 lines"},
		{"too many references", "A=" + strings.Repeat("$", maxDotEnvLines+1), "more than 5000 lines"},
		{"empty", "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := write(t, ".env", tc.text)
			src, err := Load(nil, filepath.Dir(path), write(t, "config.toml", ""))
			if err != nil {
				t.Fatalf("Load = %v, want a warning", err)
			}
			got := strings.Join(src.Warnings, "; ")
			if (tc.warning == "") != (got == "") || !strings.Contains(got, tc.warning) || strings.Contains(got, "hidden") {
				t.Errorf("warnings %q, want %q", got, tc.warning)
			}
		})
	}
}

func TestDotEnvOfAnotherKind(t *testing.T) {
	for name, create := range map[string]func(path string) error{
		"directory":        func(path string) error { return os.Mkdir(path, 0o700) },
		"link to a device": func(path string) error { return os.Symlink("/dev/zero", path) },
		"link to nothing":  func(path string) error { return os.Symlink("nothing", path) },
		"link to itself":   func(path string) error { return os.Symlink(".env", path) },
		"FIFO":             mkfifo,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := create(filepath.Join(dir, ".env")); err != nil {
				t.Skip(err)
			}
			src, err := Load(nil, dir, write(t, "config.toml", ""))
			if err != nil {
				t.Fatalf("Load = %v, want a warning", err)
			}
			if got := len(src.Warnings); got > 1 || got == 0 && name != "link to nothing" {
				t.Errorf("warnings %q, want one", src.Warnings)
			}
		})
	}
}

// A malformed line beside a variable of ours is an error: the user means this
// program, and half of the settings would do something else.
func TestMalformedDotEnvOfOurs(t *testing.T) {
	for _, name := range []string{"GONDOLA_STATE_DIR", "export GP_ACCESS_TOKEN", "Q2GOOGLE_STATE_URI", "  GONDOLA_GOPRO_TOKEN_FILE"} {
		path := write(t, ".env", name+"=x\nhidden words\n")
		_, err := Load(nil, filepath.Dir(path), "")
		if !isUsage(err) || !strings.Contains(err.Error(), "line 2") || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: Load = %v, want a UsageError that names line 2", name, err)
		}
	}
}

func TestByteOrderMark(t *testing.T) {
	env, file := write(t, ".env", "\ufeffGONDOLA_STATE_DIR=x\r\n"), write(t, "config.toml", "\ufeffmax-items = 3\n")
	src, err := Load(nil, filepath.Dir(env), file)
	if err != nil || len(src.Warnings) > 0 {
		t.Fatalf("Load = %v, warnings %q", err, src.Warnings)
	}
	fs := flagSet()
	if _, err := src.Apply(fs); err != nil {
		t.Fatal(err)
	}
	if dir, _ := fs.GetString("state-dir"); dir != "x" {
		t.Errorf("state-dir = %q, want x", dir)
	}
	if n, _ := fs.GetInt("max-items"); n != 3 {
		t.Errorf("max-items = %d, want 3", n)
	}
}
