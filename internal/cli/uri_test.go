package cli

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// invoke runs the command in the working directory and returns its exit code
// and what it wrote.
func invoke(t *testing.T, environ []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = Run(t.Context(), args, strings.NewReader(""), &out, &errs, environ)
	return code, out.String(), errs.String()
}

// withoutDNS fails the test if a name is looked up.
func withoutDNS(t *testing.T) {
	t.Helper()
	var asked atomic.Int64
	before := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		asked.Add(1)
		return nil, errors.New("no DNS in this test")
	}}
	t.Cleanup(func() {
		net.DefaultResolver = before
		if n := asked.Load(); n > 0 {
			t.Errorf("%d look-ups of names", n)
		}
	})
}

// A URI that cannot be parsed without doubt is a usage error of every command
// that takes one, from every source: nothing is looked up, and no piece of the
// password is shown.
func TestURIThatDoesNotParse(t *testing.T) {
	t.Chdir(t.TempDir())
	withoutDNS(t)
	environ := []string{"HOME=" + t.TempDir(), "GP_ACCESS_TOKEN=abcdefghijkl"}
	const pieces = "Kuckuck Sesamweg"
	check := func(uri string, environ []string, args ...string) {
		t.Helper()
		code, stdout, stderr := invoke(t, environ, args...)
		if code != exitUsage {
			t.Errorf("%q with %s: exit code %d, want 2: %s", args, uri, code, stderr)
		}
		for piece := range strings.FieldsSeq(pieces) {
			if strings.Contains(stdout+stderr, piece) {
				t.Errorf("%q with %s shows %s:\n%s%s", args, uri, piece, stdout, stderr)
			}
		}
	}
	for _, scheme := range []string{"postgres", "postgresql", "mongodb", "mongodb+srv", "sqlite", "jsondir", "mysql"} {
		for _, special := range []string{"@", "/", "?", "#", "%", ":Kuckuck@", " ", "[", "@127.0.0.1/"} {
			uri := scheme + "://user:Kuckuck" + special + "Sesamweg@127.0.0.1:1/db"
			if special == "%" {
				uri = scheme + "://user:Kuckuck%Sesamweg@127.0.0.1:1/db"
			}
			for _, args := range [][]string{
				{"status"}, {"sync"}, {"sync", "--dry-run", "--json"}, {"verify", "s"}, {"doctor"}, {"doctor", "--json"},
				{"sessions", "list"}, {"sessions", "show", "s"}, {"sessions", "export", "there"},
			} {
				check(uri, environ, append(args, "--state", uri)...)
			}
			check(uri, environ, "sessions", "import", uri)
			check(uri, environ, "sessions", "export", uri)
			check(uri, environ, "sessions", "copy", uri, "there")
			check(uri, environ, "status", "--state-dir", uri)
			check(uri, environ, "status", "-v", "--log-level=debug", "--state="+uri)
			check(uri, append(environ, "GONDOLA_STATE="+uri), "status")
		}
	}
	for _, uri := range []string{"postgres:user:Kuckuck@h/db", "user:Kuckuck@h/db", "postgres//user:Kuckuck@h/db"} {
		check(uri, environ, "status", "--state", uri)
	}
	if left, _ := filepath.Glob("*"); len(left) > 0 {
		t.Errorf("files were made: %q", left)
	}
	if err := os.WriteFile(".env", []byte("GONDOLA_STATE='postgres://user:Kuckuck@Sesamweg@h/db'\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	check(".env", environ, "status")
}
