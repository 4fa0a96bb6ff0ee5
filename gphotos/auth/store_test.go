package auth

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/gondola-sync/gondola/fault"
)

func storeWith(t testing.TB, text string) *Store {
	t.Helper()
	s := NewStore(filepath.Join(t.TempDir(), "token.json"), nil)
	writeTestFile(t, s.Path(), text)
	return s
}

func TestLoad(t *testing.T) {
	at := time.Date(2026, 1, 6, 20, 36, 19, 0, time.UTC)
	for _, tc := range []struct {
		name string
		text string
		want Credentials
	}{
		{
			name: "google-auth",
			text: `{"token":"ya29.a","refresh_token":"1//0a","token_uri":"https://oauth2.googleapis.com/token","client_id":"id","client_secret":"s",
				"scopes":["a","b"],"universe_domain":"googleapis.com","account":"","expiry":"2026-01-06T20:36:19.582039Z"}`,
			want: Credentials{
				AccessToken: "ya29.a", RefreshToken: "1//0a", TokenURI: "https://oauth2.googleapis.com/token", ClientID: "id", ClientSecret: "s",
				Scopes: []string{"a", "b"}, Expiry: at.Add(582039 * time.Microsecond), Account: derivedAccount("1//0a"),
			},
		},
		{
			name: "scopes in one string, expiry without zone, no token",
			text: `{"refresh_token":"1//0a","client_id":"id","client_secret":"s","scopes":"a b","expiry":"2026-01-06T20:36:19"}`,
			want: Credentials{RefreshToken: "1//0a", ClientID: "id", ClientSecret: "s", Scopes: []string{"a", "b"}, Expiry: at, Account: derivedAccount("1//0a")},
		},
		{
			name: "requests-oauthlib",
			text: fmt.Sprintf(`{"access_token":"ya29.a","expires_in":3599,"scope":["a"],"token_type":"Bearer","refresh_token":"1//0a","expires_at":%d.5}`, at.Unix()),
			want: Credentials{AccessToken: "ya29.a", RefreshToken: "1//0a", Scopes: []string{"a"}, Expiry: at.Add(time.Second / 2), Account: derivedAccount("1//0a")},
		},
		{
			name: "Go oauth2",
			text: `{"access_token":"ya29.a","token_type":"Bearer","refresh_token":"1//0a","expiry":"2026-01-06T22:36:19.000000001+02:00"}`,
			want: Credentials{AccessToken: "ya29.a", RefreshToken: "1//0a", Expiry: at.Add(1), Account: derivedAccount("1//0a")},
		},
		{
			name: "gondola's own",
			text: "\ufeff" + `{"refresh_token":"1//0a","gondola":{"account":"0123456789abcdef","probe":"item","consented_at":"2026-01-06T20:36:19Z","refresh_token_expires_at":"2026-01-13T20:36:18Z"}}`,
			want: Credentials{
				RefreshToken: "1//0a", Account: "0123456789abcdef", Probe: "item", ConsentedAt: at, RefreshExpiry: at.Add(7*24*time.Hour - time.Second),
			},
		},
		{
			name: "nonsense in members that refreshing mends",
			text: `{"refresh_token":"1//0a","token":7,"expiry":"soon","scopes":3,"gondola":{"account":"../../etc","probe":[]}}`,
			want: Credentials{RefreshToken: "1//0a", Account: derivedAccount("1//0a")},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := storeWith(t, tc.text).Load()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&tc.want, got, cmpopts.IgnoreUnexported(Credentials{}), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("Load (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLoadErrors(t *testing.T) {
	for _, tc := range []struct{ name, text, says string }{
		{"empty", ``, "not JSON"},
		{"cut off", `{"token":"ya29.secr`, "malformed at byte"},
		{"list", `[]`, "not a JSON object"},
		{"null", `null`, "not a JSON object"},
		{"client file", `{"installed":{"client_secret":"GOCSPX-very-secret"}}`, "OAuth client"},
		{"service account", `{"type":"service_account","private_key":"GOCSPX-very-secret"}`, "service account"},
		{"no token", `{"scopes":[]}`, "no token"},
		{"huge", `{"refresh_token":"` + strings.Repeat("x", maxFile) + `"}`, "larger than"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := storeWith(t, tc.text)
			_, err := s.Load()
			if err == nil || !strings.Contains(err.Error(), tc.says) || !strings.Contains(err.Error(), s.Path()) {
				t.Fatalf("Load = %v, want %q and the path in it", err, tc.says)
			}
			if fault.ClassOf(err) != fault.Session || fault.CodeOf(err) != fault.Auth {
				t.Errorf("class %s, code %s", fault.ClassOf(err), fault.CodeOf(err))
			}
			noSecrets(t, everything(err), "ya29.secr")
		})
	}
	_, err := NewStore(filepath.Join(t.TempDir(), "none", "token.json"), nil).Load()
	failure, _ := errors.AsType[*fault.Error](err)
	if !errors.Is(err, fs.ErrNotExist) || failure == nil || failure.Hint != "run: gondola login google" {
		t.Errorf("Load of a missing file = %v, want ErrNotExist with the hint to log in", err)
	}
}

func TestSaveWritesGoogleAuthsForm(t *testing.T) {
	s := NewStore(filepath.Join(t.TempDir(), "new", "token.json"), nil)
	c := &Credentials{
		AccessToken: "ya29.<&>", RefreshToken: "1//0a", TokenURI: "https://t/token", ClientID: "id", ClientSecret: "s", Scopes: []string{"a", "b"},
		Expiry: time.Date(2026, 1, 6, 22, 36, 19, 582039999, time.FixedZone("", 7200)), Account: "0123456789abcdef",
	}
	if err := s.Save(c); err != nil {
		t.Fatal(err)
	}
	want := `{"token": "ya29.<&>", "refresh_token": "1//0a", "token_uri": "https://t/token", "client_id": "id", "client_secret": "s", ` +
		`"scopes": ["a","b"], "expiry": "2026-01-06T20:36:19.582039Z", "gondola": {"account": "0123456789abcdef"}}`
	if got := readTestFile(t, s.Path()); got != want {
		t.Errorf("file:\n%s\nwant:\n%s", got, want)
	}
	if info, err := os.Stat(s.Path()); runtime.GOOS != "windows" && (err != nil || info.Mode().Perm() != 0o600) {
		t.Errorf("mode %v, %v, want 0600", info.Mode(), err)
	}
}

func TestSaveKeepsWhatItDoesNotKnow(t *testing.T) {
	s := storeWith(t, `{"access_token":"old","token_type":"Bearer","expires_in":1,"expires_at":2,"scope":["x"],"refresh_token":"1//0a",
		"zeta":[1, 2],"universe_domain":"googleapis.com","account":"a@example.org","rapt_token":null,"gondola":{"future":{"x":1},"account":"0123456789abcdef"}}`)
	c, err := s.Load()
	if err != nil {
		t.Fatal(err)
	}
	c.AccessToken = "new"
	if err := s.Save(c); err != nil {
		t.Fatal(err)
	}
	want := `{"token": "new", "refresh_token": "1//0a", "scopes": ["x"], "universe_domain": "googleapis.com", "account": "a@example.org", ` +
		`"expiry": "1970-01-01T00:00:02Z", "gondola": {"account": "0123456789abcdef", "future": {"x":1}}, "rapt_token": null, "zeta": [1, 2]}`
	if got := readTestFile(t, s.Path()); got != want {
		t.Errorf("file:\n%s\nwant:\n%s", got, want)
	}
}

func TestUnchangedFileIsNotRewritten(t *testing.T) {
	s := storeWith(t, `{"refresh_token":"1//0a"}`)
	if err := s.SetProbe("item"); err != nil {
		t.Fatal(err)
	}
	before, err := os.Stat(s.Path())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.SetProbe("item"); err != nil {
		t.Fatal(err)
	}
	after, err := os.Stat(s.Path())
	if err != nil || !os.SameFile(before, after) {
		t.Errorf("the file was replaced although nothing changed (%v)", err)
	}
	if c, err := s.Load(); err != nil || c.Probe != "item" || c.derived {
		t.Errorf("Load = %v, %v, want the probe and a persistent account", c, err)
	}
}

func TestOpenFileIsReportedOnceAndTightened(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no permission bits")
	}
	f := newFixture(t)
	f.write(t, nil)
	if err := os.Chmod(f.store.Path(), 0o644); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := f.store.Load(); err != nil {
			t.Fatal(err)
		}
	}
	if n := strings.Count(f.log.String(), "open to other users"); n != 1 {
		t.Errorf("%d warnings, want 1", n)
	}
	if err := f.store.SetProbe("item"); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(f.store.Path()); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v after writing, want 0600", info.Mode(), err)
	}
}

func TestSaveThroughSymlink(t *testing.T) {
	dir := t.TempDir()
	target, link := filepath.Join(dir, "real.json"), filepath.Join(dir, "token.json")
	writeTestFile(t, target, `{"refresh_token":"1//0a"}`)
	if err := os.Symlink(target, link); err != nil {
		t.Skip(err)
	}
	if err := NewStore(link, nil).SetProbe("item"); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(readTestFile(t, target), `"probe": "item"`) {
		t.Error("the link was replaced instead of its target written")
	}
}

func TestConcurrentChangesAllArrive(t *testing.T) {
	s := storeWith(t, `{"refresh_token":"1//0a"}`)
	const writers, rounds = 4, 10
	var all sync.WaitGroup
	for range writers {
		own := NewStore(s.Path(), nil) // as another process would have
		all.Go(func() {
			for range rounds {
				err := own.update(func(c *Credentials) bool { c.Probe += "x"; return true })
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if c, err := s.Load(); err != nil || len(c.Probe) != writers*rounds {
		t.Errorf("%d of %d changes arrived, %v", len(c.Probe), writers*rounds, err)
	}
}

func TestSaveOverDamagedFile(t *testing.T) {
	s := storeWith(t, `{"token":`)
	if err := s.Save(&Credentials{RefreshToken: "1//0a"}); err != nil {
		t.Fatal(err)
	}
	c, err := s.Load()
	if err != nil || c.RefreshToken != "1//0a" || !validAccount(c.Account) || c.derived {
		t.Errorf("Load = %+v, %v", c, err)
	}
}

func FuzzTokenFile(f *testing.F) {
	f.Add([]byte(`{"token":"ya29.a","refresh_token":"1//0a","client_id":"id","client_secret":"s","scopes":["a"],"expiry":"2026-01-06T20:36:19.582039Z"}`))
	f.Add([]byte(`{"access_token":"a","refresh_token":"r","expires_at":1767731779.5,"scope":"a b","gondola":{"account":"0123456789abcdef"}}`))
	f.Add([]byte(`{"refresh_token":"\ud800","gondola":[],"x":{"token":1}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		doc, err := parseDocument(data)
		if err != nil {
			return
		}
		first, err := doc.credentials()
		if err != nil {
			return
		}
		doc.put(first)
		again, err := parseDocument(doc.encode())
		if err != nil {
			t.Fatalf("cannot read what was written: %v\n%s", err, doc.encode())
		}
		second, err := again.credentials()
		if err != nil {
			t.Fatalf("cannot understand what was written: %v\n%s", err, doc.encode())
		}
		opts := []cmp.Option{
			cmpopts.IgnoreUnexported(Credentials{}), cmpopts.EquateEmpty(),
			cmpopts.EquateApproxTime(time.Microsecond), // finer is not kept
		}
		if diff := cmp.Diff(first, second, opts...); diff != "" {
			t.Errorf("written and read again (-first +second):\n%s", diff)
		}
	})
}

// medium keeps a document in memory.
type medium struct {
	data []byte
	err  error // of each call, if any
}

func (m *medium) Read() ([]byte, error) {
	if m.data == nil && m.err == nil {
		return nil, fs.ErrNotExist
	}
	return m.data, m.err
}

func (m *medium) Write(data []byte) error {
	if m.err == nil {
		m.data = data
	}
	return m.err
}

func TestStoreInMedium(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token.json")
	m := &medium{}
	s := NewStoreIn(m, path, nil)
	if _, err := s.Load(); !errors.Is(err, fs.ErrNotExist) || fault.CodeOf(err) != fault.Auth {
		t.Errorf("Load of nothing = %v, want fs.ErrNotExist", err)
	}
	if err := s.Save(&Credentials{RefreshToken: "refresh", Account: "0123456789abcdef"}); err != nil {
		t.Fatal(err)
	}
	if err := s.SetProbe("item"); err != nil {
		t.Fatal(err)
	}
	c, err := NewStoreIn(m, path, nil).Load()
	if err != nil || c.RefreshToken != "refresh" || c.Probe != "item" {
		t.Errorf("Load = %+v, %v", c, err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file: %v, want none", err)
	}
	m.err = errors.New("no keyring")
	if err := s.SetProbe("other"); !errors.Is(err, m.err) || !strings.Contains(err.Error(), path) {
		t.Errorf("SetProbe = %v, want the medium's error with the path", err)
	}
}
