package cli

import (
	"bufio"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// A store that the .env of the working directory names never gets the password
// that the user keeps for another one.
func TestStoreOfDotEnvGetsNoPassword(t *testing.T) {
	t.Chdir(t.TempDir())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	var connections atomic.Int64
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			connections.Add(1)
			bufio.NewReader(conn).ReadByte()
			conn.Close()
		}
	}()
	uri := "postgres://u@" + listener.Addr().String() + "/d?sslmode=disable"
	t.Setenv("PGPASSWORD", "of-the-users-own-server")
	t.Setenv("PGPASSFILE", filepath.Join(t.TempDir(), "none"))
	if err := os.WriteFile(".env", []byte("GONDOLA_STATE="+uri+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	environ := []string{"HOME=" + t.TempDir(), "GP_ACCESS_TOKEN=abcdefghijkl"}
	for _, args := range [][]string{
		{"status"}, {"verify", "s"}, {"sessions", "list"}, {"sessions", "show", "s"}, {"sessions", "export", "there"}, {"sessions", "rm", "s", "--yes"},
	} {
		code, stdout, stderr := invoke(t, environ, args...)
		if code != exitUsage || !strings.Contains(stderr, ".env") || !strings.Contains(stderr, "PGPASSWORD") {
			t.Errorf("%q: exit code %d, want 2 and both names: %s%s", args, code, stdout, stderr)
		}
	}
	for path, text := range map[string]string{".env": "GONDOLA_CONFIG=config.toml\n", "config.toml": "state = '" + uri + "'\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if code, stdout, stderr := invoke(t, environ, "status"); code != exitUsage || !strings.Contains(stderr, "PGPASSWORD") {
		t.Errorf("by a config file that .env names: exit code %d, want 2: %s%s", code, stdout, stderr)
	}
	if n := connections.Load(); n > 0 {
		t.Errorf("%d connections to the server that .env names", n)
	}
	if code, _, stderr := invoke(t, append(environ, "GONDOLA_STATE="+uri), "status"); code == exitUsage {
		t.Errorf("named by the environment: exit code %d: %s", code, stderr)
	}
	if connections.Load() == 0 {
		t.Error("the server that the environment names is not asked: the test has grown blind")
	}
}
