package cli

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/emulator"
)

// remote are commands that ask services.
var remote = [][]string{
	{"ls", "gopro:"}, {"ls", "gphotos:"}, {"sync"}, {"sync", "--dry-run"}, {"doctor"}, {"login", "status"}, {"login", "google"},
}

// A proxy variable that cannot be used ends each command at once, before
// anything is looked up, and its value is not shown.
func TestUnusableProxyIsAUsageError(t *testing.T) {
	t.Chdir(t.TempDir())
	withoutDNS(t)
	home := t.TempDir()
	s, err := startServices(emulator.Options{}, "127.0.0.1", home)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.close(); err != nil { // what is left are client_secret.json and token.json
		t.Fatal(err)
	}
	for _, name := range []string{"client_secret.json", "token.json"} {
		text, err := os.ReadFile(home + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("HTTPS_PROXY", "http://user:Ku%ckuck@proxy.example:3128")
	environ := []string{"HOME=" + home, "GP_ACCESS_TOKEN=abcdefghijkl"}
	for _, args := range remote {
		code, stdout, stderr := invoke(t, environ, args...)
		if code != exitUsage || !strings.Contains(stderr, "HTTPS_PROXY") || strings.Contains(stdout+stderr, "ckuck") {
			t.Errorf("%q: exit code %d, want 2 and the variable: %s%s", args, code, stdout, stderr)
		}
	}
	if code, _, stderr := invoke(t, environ, "version"); code != exitDone {
		t.Errorf("version: exit code %d: %s", code, stderr)
	}
}

// A certificate that does not verify ends a run at once, with a hint.
func TestCertificateThatDoesNotVerify(t *testing.T) {
	t.Chdir(t.TempDir())
	p := newPatient(t)
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	for _, args := range [][]string{
		{"sync", "--gopro-url", s.URL}, {"sync", "--gphotos-url", s.URL}, {"ls", "gopro:", "--gopro-url", s.URL}, {"ls", "gphotos:", "--gphotos-url", s.URL},
	} {
		began := time.Now()
		code, _, stderr := invoke(t, p.environ, args...)
		if code != exitFailed || !strings.Contains(stderr, "certificate") || !strings.Contains(stderr, "intercept") {
			t.Errorf("%q: exit code %d, want 1 and a hint: %s", args, code, stderr)
		}
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("%q took %v", args, took)
		}
	}
}
