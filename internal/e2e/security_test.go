package e2e

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/internal/e2e/rig"
)

// life is the whole life of an installation, with everything it says written
// down and every secret it handles known.
type life struct {
	*line
	tap  *wiretap
	said []saying
}

// saying is what one command said.
type saying struct{ command, text string }

const otherCookie = "c0ffee-session-cookie-of-the-browser"

func newLife(t *testing.T) *life {
	l := &life{line: newLine(t, emulator.Options{Library: append(library(), emulator.Mixed(4)...)})}
	l.tap = newWiretap(t, l.Server.GoProURL, l.Server.PhotosURL)
	l.tap.learn("GoPro token", l.Cloud.GoPro.Token())
	l.tap.learn("cookie", otherCookie)
	client := filepath.Join(l.Home, "client_secret.json")
	text, err := os.ReadFile(client)
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.ReplaceAll(text, []byte(l.Server.OAuthURL), []byte(l.tap.google.URL))
	if err := os.WriteFile(client, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(l.Home, "token.json")); err != nil { // login makes it
		t.Fatal(err)
	}
	l.Env = append(l.Env, "GONDOLA_GOPRO_URL="+l.tap.gopro.URL, "GONDOLA_GPHOTOS_URL="+l.tap.google.URL)
	return l
}

// longest is how long one command may take, on a machine that is busy.
const longest = 4 * time.Minute

// start runs a command whose output is written down; wait ends with it.
func (l *life) start(stdin io.Reader, args ...string) (cmd *exec.Cmd, out *rig.Buffer, wait func() int) {
	l.T.Helper()
	ctx, cancel := context.WithTimeout(l.T.Context(), longest)
	binary, err := rig.Binary()
	if err != nil {
		l.T.Fatal(err)
	}
	cmd = exec.CommandContext(ctx, binary, args...)
	out = &rig.Buffer{}
	cmd.Dir, cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = l.Home, slices.Clone(l.Env), stdin, out, out
	if err := cmd.Start(); err != nil {
		l.T.Fatal(err)
	}
	return cmd, out, func() int {
		defer cancel()
		cmd.Wait() // how it ended is in the exit code
		l.said = append(l.said, saying{strings.Join(args, " "), out.String()})
		return cmd.ProcessState.ExitCode()
	}
}

// do runs a command to its end.
func (l *life) do(want int, stdin string, args ...string) string {
	l.T.Helper()
	_, out, wait := l.start(strings.NewReader(stdin), args...)
	if code := wait(); code != want {
		l.T.Errorf("%s: exit code %d, want %d\n%s", strings.Join(args, " "), code, want, out)
	}
	return out.String()
}

// killed runs a command and kills it when the condition holds.
func (l *life) killed(condition func() bool, args ...string) {
	l.T.Helper()
	cmd, out, wait := l.start(strings.NewReader(""), args...)
	for deadline := time.Now().Add(longest); !condition(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			cmd.Process.Kill()
			l.T.Fatalf("%v went by and nothing to kill for\n%s", longest, out)
		}
	}
	cmd.Process.Signal(syscall.SIGKILL)
	wait()
}

// loginGoogle logs in as a user does whose browser is elsewhere. answer makes
// of the address that the browser ends on what is pasted.
func (l *life) loginGoogle(want int, answer func(string) string, args ...string) {
	l.T.Helper()
	read, write := io.Pipe()
	_, out, wait := l.start(read, append([]string{"login", "google", "--headless"}, args...)...)
	page := regexp.MustCompile(`http://\S+code_challenge=\S+`)
	var at string
	for deadline := time.Now().Add(20 * time.Second); at == ""; time.Sleep(5 * time.Millisecond) {
		if at = page.FindString(out.String()); time.Now().After(deadline) {
			l.T.Fatalf("no page to consent on is named\n%s", out)
		}
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Get(at + "&auto=1")
	if err != nil {
		l.T.Fatal(err)
	}
	resp.Body.Close()
	io.WriteString(write, answer(resp.Header.Get("Location"))+"\n")
	write.Close()
	if code := wait(); code != want {
		l.T.Errorf("login google %v: exit code %d, want %d\n%s", args, code, want, out)
	}
}

// TestNoSecretIsEverShown runs everything there is, as talkative as it gets,
// among services that fail and repeat what they were told, and looks for every
// secret that went over the wire in everything that was said and in every file
// that others could read.
func TestNoSecretIsEverShown(t *testing.T) {
	t.Parallel()
	l := newLife(t)
	same := func(s string) string { return s }
	debug := []string{"-v", "--log-level", "debug"}
	talkative := func(args ...string) []string { return append(args, debug...) }

	// Logging in, in every way that works and that does not.
	l.do(4, "", "login", "gopro")
	l.do(4, "Cookie: other="+otherCookie, "login", "gopro")
	l.tap.echo("/media/user", 1)
	l.do(1, l.Cloud.GoPro.Token(), talkative("login", "gopro")...)
	l.do(0, "curl 'https://api.gopro.com/x' -H 'Cookie: session="+otherCookie+"; gp_access_token="+l.Cloud.GoPro.Token()+"; x=y'", talkative("login", "gopro")...)
	l.loginGoogle(4, func(string) string { return "http://127.0.0.1:53199/?state=wrong&code=4%2Fwrong-code-of-somebody" }, debug...)
	l.tap.learn("authorization code", "4/wrong-code-of-somebody")
	l.tap.echo("/token", 1)
	l.loginGoogle(1, same, debug...)
	l.loginGoogle(0, same, "--json", "--log-level", "debug")
	l.do(0, "", talkative("login", "status")...)

	// A run whose failures are repeated to it, one that is killed, one among
	// failures of every sort.
	l.tap.echo("/v1/uploads", 2)
	l.do(3, "", talkative("sync", "--log-format", "json", "--session-id", "echoed", "--album", "Everything", "--max-items", "3")...)
	l.do(0, "", "sessions", "show", "echoed", "--json")
	l.do(0, "", "status", "echoed")
	l.killed(func() bool { return l.Received() > 12*mib }, talkative("sync", "--bwlimit", "30M")...)
	l.do(0, "", "status", "--json")
	l.do(0, "", talkative("sessions", "list")...)
	for _, f := range []emulator.Fault{
		{Route: "gopro.search", Kind: emulator.FaultStatus, Status: 500},
		{Route: "gopro.download", Kind: emulator.FaultHTML, Status: 502},
		{Route: "cdn.get", Kind: emulator.FaultExpired},
		{Route: "cdn.get", Kind: emulator.FaultCutResponse, After: 1 << 20, Times: 2},
		{Route: "upload.chunk", Kind: emulator.FaultResetBefore},
		{Route: "upload.raw", Kind: emulator.FaultStatus, Status: 401},
		{Route: "upload.query", Kind: emulator.FaultStatus, Status: 503},
		{Route: "photos.batchCreate", Kind: emulator.FaultItemCode, Status: 3},
	} {
		l.Cloud.Faults.Add(f)
	}
	l.tap.echo("/v1/mediaItems:batchCreate", 1)
	id := l.sessionOf(l.do(3, "", "sync", "--json", "--log-level", "debug"))
	for _, format := range []string{"text", "json", "tsv"} {
		l.do(0, "", "sessions", "show", id, "-o", format)
		l.do(0, "", "status", id, "-o", format)
	}
	l.do(0, "", talkative("ls", "gopro:", "-o", "json")...)
	l.do(0, "", talkative("ls", "gphotos:")...)
	l.do(0, "", "ls", "gphotos:", "--json")
	l.do(0, "", "sync", "-o", "tsv", "-v")
	l.do(0, "", talkative("doctor")...)
	l.do(0, "", "doctor", "--json", "--log-level", "debug")

	// Failures of every kind.
	l.do(2, "", "sync", "--gopro-url", "https://user:hunter2-of-the-user@api.gopro.com")
	l.tap.learn("password", "hunter2-of-the-user")
	l.do(2, "", "sync", "--gphotos-url", "http://192.0.2.1")
	l.databases(debug)
	l.tap.echo("/media/search", 9)
	l.do(1, "", talkative("ls", "gopro:")...)
	l.tap.echo("/media/search", 0)
	l.Cloud.Google.Revoke()
	l.do(4, "", talkative("doctor")...)
	l.do(4, "", talkative("ls", "gphotos:")...)
	l.Cloud.GoPro.ExpireToken()
	l.do(4, "", talkative("sync")...)
	l.do(4, "", "login", "status", "--json", "--log-level", "debug")

	l.wantAllKinds()
	leaks := l.tap.search()
	for _, s := range l.said {
		if kinds := leaks(s.text); len(kinds) > 0 {
			t.Errorf("%s shows %v", s.command, kinds)
		}
	}
	for _, page := range []string{"/", "/log", "/google/items", "/gopro/items"} {
		if kinds := leaks(l.page(page)); len(kinds) > 0 {
			t.Errorf("page %s shows %v", page, kinds)
		}
	}
	l.wantPrivateFiles(leaks)
	for _, leak := range l.Cloud.Log.Leaks() {
		t.Errorf("a credential was sent to %s %s", leak.Host, leak.Path)
	}
}

// databases runs commands on databases that nobody serves, or that make no
// sense, given in every way there is.
func (l *life) databases(debug []string) {
	l.T.Helper()
	const password = "hunter3-of-the-database"
	l.tap.learn("database password", password)
	nobody := "postgres://gondola:" + password + "@127.0.0.1:1/gondola?sslmode=disable"
	malformed := "postgres://gondola:" + password + "@127.0.0.1:port/gondola"
	l.do(1, "", append([]string{"sync", "--json", "--state", nobody}, debug...)...)
	l.do(2, "", "sync", "--state="+malformed)
	l.do(2, "", "status", "--state", "mongodb://gondola:"+password+"@127.0.0.1:port/gondola")
	l.do(1, "", append([]string{"status", "--state", "mongodb://gondola:" + password + "@127.0.0.1:1/gondola"}, debug...)...)
	l.do(2, "", "sessions", "export", malformed, "--json")
	l.do(2, "", "sessions", "import", "unknown://me:"+password+"@host")
	file := filepath.Join(l.Home, "database.toml")
	if err := os.WriteFile(file, []byte("state = \""+nobody+"\"\nstate_dir = \""+password+"\"\n"), 0o600); err != nil {
		l.T.Fatal(err)
	}
	l.do(2, "", "status", "--config", file) // a key is misspelt
	env := l.Env
	l.Env = append(slices.Clone(env), "GONDOLA_STATE="+nobody)
	l.do(1, "", append([]string{"doctor"}, debug...)...)
	l.do(1, "", "sync", "--dry-run")
	l.do(0, "", "__complete", "status", "")
	l.Env = append(slices.Clone(env), "GONDOLA_STATE="+malformed)
	l.do(2, "", "status")
	l.Env = env
}

var sessionID = regexp.MustCompile(`"session_id":"([^"]+)"`)

func (l *life) sessionOf(text string) string {
	l.T.Helper()
	m := sessionID.FindStringSubmatch(text)
	if m == nil {
		l.T.Fatalf("no session is named\n%s", text)
	}
	return m[1]
}

// wantAllKinds fails if the test itself has grown blind.
func (l *life) wantAllKinds() {
	l.T.Helper()
	want := []string{
		"GoPro token", "access token", "authorization code", "base URL", "client secret", "cookie", "database password", "password",
		"PKCE verifier", "refresh token", "signature", "upload id", "upload token",
	}
	slices.Sort(want)
	if got := l.tap.kinds(); !slices.Equal(got, want) {
		l.T.Errorf("secrets of the kinds %q passed, want %q", got, want)
	}
}

func (l *life) page(path string) string {
	l.T.Helper()
	resp, err := http.Get(l.Server.ControlURL + path)
	if err != nil {
		l.T.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		l.T.Fatalf("page %s: %s, %v", path, resp.Status, err)
	}
	return string(text)
}

// wantPrivateFiles fails if others may read a file that holds a secret, or
// anything of the state.
func (l *life) wantPrivateFiles(leaks func(string) []string) {
	l.T.Helper()
	secret := 0
	err := filepath.WalkDir(l.Home, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == l.Home {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		ours := strings.HasPrefix(path, l.StateDir()) || strings.Contains(path, "gondola")
		open := info.Mode().Perm()&0o077 != 0
		if ours && open {
			l.T.Errorf("%s has mode %v", path, info.Mode())
		}
		if d.IsDir() {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		kinds := leaks(string(text))
		if len(kinds) > 0 {
			secret++
		}
		if open && len(kinds) > 0 {
			l.T.Errorf("%s, of mode %v, holds %v", path, info.Mode(), kinds)
		}
		if slices.Contains(kinds, "cookie") {
			l.T.Errorf("%s holds a cookie that nobody needs", path)
		}
		if strings.HasPrefix(path, l.StateDir()) && slices.ContainsFunc(kinds, func(k string) bool { return !strings.HasPrefix(k, "upload ") }) {
			l.T.Errorf("%s holds %v; state may hold what continues an upload, and nothing else", path, kinds)
		}
		return nil
	})
	if err != nil {
		l.T.Fatal(err)
	}
	if secret < 3 {
		l.T.Errorf("%d files hold a secret: the test has grown blind", secret)
	}
}
