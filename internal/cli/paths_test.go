//go:build unix

package cli

import (
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func makeFIFO(t *testing.T, path string) {
	t.Helper()
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
}

// offline are commands that ask no service.
var offline = [][]string{
	{"version"}, {"status"}, {"sessions", "list"}, {"sessions", "show", "x"}, {"help", "sync"},
	{"sync", "--start", "never"}, {"sessions", "export", "backup"},
}

// What a .env file of another kind is does not matter to any command.
func TestEveryCommandWithAForeignDotEnv(t *testing.T) {
	for kind, create := range map[string]func(path string) error{
		"none":      func(string) error { return nil },
		"directory": func(path string) error { return os.Mkdir(path, 0o700) },
		"FIFO":      func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"device":    func(path string) error { return os.Symlink("/dev/zero", path) },
		"foreign":   func(path string) error { return os.WriteFile(path, []byte("[Unit]\nhidden words\n"), 0o600) },
	} {
		t.Run(kind, func(t *testing.T) {
			t.Chdir(t.TempDir())
			environ := []string{"HOME=" + t.TempDir()}
			want := make([]int, len(offline))
			for i, args := range offline {
				want[i], _, _ = invoke(t, environ, args...)
			}
			if err := create(".env"); err != nil {
				t.Fatal(err)
			}
			for i, args := range offline {
				code, _, stderr := invoke(t, environ, args...)
				if code != want[i] {
					t.Errorf("%q: exit code %d, want %d: %s", args, code, want[i], stderr)
				}
				if warned := strings.Count(stderr, ".env"); args[0] != "help" && (kind == "none") != (warned == 0) || strings.Contains(stderr, "hidden") {
					t.Errorf("%q: %s", args, stderr)
				}
			}
		})
	}
}

// A FIFO where a file is expected makes no command wait for its other end.
func TestFIFOsInTheWay(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	home := filepath.Join(dir, "home")
	settings := filepath.Join(home, ".config", "gondola")
	sessions := filepath.Join(dir, "sessions")
	for _, d := range []string{settings, filepath.Join(sessions, "s"), filepath.Join(sessions, "..gondola"), filepath.Join(dir, "flat")} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, path := range []string{
		"fifo", "flat/meta.json", "sessions/flat.json", "sessions/s/meta.json", "sessions/..gondola/ledger.jsonl",
		"home/.config/gondola/token.json", "home/.config/gondola/client_secret.json", "home/.config/gondola/gopro_token",
	} {
		makeFIFO(t, filepath.Join(dir, path))
	}
	environ := []string{"HOME=" + home}
	for _, tc := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"sessions", "list", "--state-dir", sessions}, 1, "it is a FIFO"},
		{[]string{"sessions", "show", "s", "--state-dir", sessions}, 1, "it is a FIFO"},
		{[]string{"sessions", "import", "flat"}, 1, "it is a FIFO"},
		{[]string{"sessions", "import", "fifo"}, 1, "it is a FIFO"},
		{[]string{"status", "--state", "sqlite:fifo"}, 1, "not a regular file"},
		{[]string{"ls", "gphotos:"}, 4, "it is a FIFO"},
		{[]string{"ls", "gopro:"}, 4, "it is a FIFO"},
		{[]string{"--config", "fifo", "version"}, 2, "it is a FIFO"},
		{[]string{"ls", "gphotos:", "--credentials", "fifo"}, 4, "it is a FIFO"},
	} {
		code, _, stderr := invoke(t, environ, tc.args...)
		if code != tc.code || !strings.Contains(stderr, tc.says) {
			t.Errorf("%q: exit code %d, want %d and %q: %s", tc.args, code, tc.code, tc.says, stderr)
		}
	}
}

// A ~ that no shell has seen is the home directory, from every source, and no
// directory of that name is made.
func TestTildeIsTheHomeDirectory(t *testing.T) {
	for _, tc := range []struct {
		name          string
		environ, args []string
		dotenv, file  string
	}{
		{name: "flag", args: []string{"--state-dir=~/there"}},
		{name: "URI", args: []string{"--state", "jsondir:~/there"}},
		{name: "variable", environ: []string{"GONDOLA_STATE_DIR=~/there"}},
		{name: "URI in a variable", environ: []string{"GONDOLA_STATE=jsondir:~/there"}},
		{name: "q2google's variable", environ: []string{"Q2GOOGLE_STATE_DIR=~/there"}},
		{name: ".env", dotenv: "GONDOLA_STATE_DIR=~/there\n"},
		{name: "config file", file: "state = 'jsondir:~/there'\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			dir, home := t.TempDir(), t.TempDir()
			t.Chdir(dir)
			for path, text := range map[string]string{".env": tc.dotenv, filepath.Join(home, "config.toml"): tc.file} {
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			environ := append(tc.environ, "HOME="+home, "GONDOLA_CONFIG=~/config.toml")
			if code, _, stderr := invoke(t, environ, append([]string{"status"}, tc.args...)...); code != 0 || !strings.Contains(stderr, home+"/there") {
				t.Errorf("exit code %d, want %s/there: %s", code, home, stderr)
			}
			if _, err := os.Lstat("~"); err == nil {
				t.Error("there is a directory ~")
			}
		})
	}
}

// Without HOME, the user database names the home directory; the working
// directory never stands in for it.
func TestWithoutHome(t *testing.T) {
	u, err := user.Current()
	if err != nil {
		t.Skip(err)
	}
	t.Chdir(t.TempDir())
	if code, _, stderr := invoke(t, nil, "status"); code != 0 || !strings.Contains(stderr, "jsondir:"+u.HomeDir+"/.local/state/gondola/sessions") {
		t.Errorf("exit code %d, want sessions below %s: %s", code, u.HomeDir, stderr)
	}
}
