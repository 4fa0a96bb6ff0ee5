package cli

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/emulator"
)

// patient is a machine with the emulated services, whose health doctor looks at.
type patient struct {
	t       *testing.T
	cloud   *emulator.Emulator
	home    string
	token   string // of Google, a path
	environ []string
}

func newPatient(t *testing.T) *patient { return newPatientWith(t, emulator.Many(3, 1)) }

func newPatientWith(t *testing.T, library emulator.Library) *patient {
	t.Helper()
	home := t.TempDir()
	s, err := startServices(emulator.Options{Library: library, Google: googleOptions(true)}, "127.0.0.1", filepath.Join(home, "config"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		if err := s.close(); err != nil {
			t.Error(err)
		}
	})
	p := &patient{t: t, cloud: s.emulator, home: home, token: filepath.Join(home, "config", "token.json"), environ: append(s.environ, "HOME="+home)}
	return p
}

// diagnosis is what doctor said in JSON.
type diagnosis struct {
	code     int
	findings map[string][]string // levels by check
	text     string
	sum      struct {
		ExitCode int `json:"exit_code"`
		Problems int
	}
}

func (p *patient) examine(more ...string) (d diagnosis) {
	p.t.Helper()
	var out, errs bytes.Buffer
	d.code = Run(p.t.Context(), append([]string{"doctor", "--json"}, more...), strings.NewReader(""), &out, &errs, p.environ)
	d.findings, d.text = map[string][]string{}, out.String()
	for line := range strings.Lines(d.text) {
		var f struct{ Type, Check, Level, What, Why, Remedy string }
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			p.t.Fatalf("not a JSON line: %s", line)
		}
		switch f.Type {
		case "finding":
			d.findings[f.Check] = append(d.findings[f.Check], f.Level)
			if f.What == "" || (f.Level == "problem" || f.Level == "warning") && (f.Why == "" || f.Remedy == "") {
				p.t.Errorf("no what, why or remedy: %s", line)
			}
		case "doctor":
			if err := json.Unmarshal([]byte(line), &d.sum); err != nil {
				p.t.Fatal(err)
			}
		default:
			p.t.Errorf("line of type %q", f.Type)
		}
	}
	if d.sum.ExitCode != d.code {
		p.t.Errorf("exit code %d, the summary says %d\n%s", d.code, d.sum.ExitCode, errs.String())
	}
	if secret := p.cloud.GoPro.Token(); strings.Contains(out.String()+errs.String(), secret) {
		p.t.Error("the GoPro token is shown")
	}
	return d
}

func (d diagnosis) want(t *testing.T, code int, levels map[string]string) {
	t.Helper()
	if d.code != code {
		t.Errorf("exit code %d, want %d\n%s", d.code, code, d.text)
	}
	for check, want := range levels {
		if got := strings.Join(d.findings[check], " "); got != want {
			t.Errorf("%s: %s, want %s\n%s", check, got, want, d.text)
		}
	}
}

func TestDoctorFindsAHealthyMachineWell(t *testing.T) {
	p := newPatient(t)
	p.examine().want(t, 0, map[string]string{
		"clock": "ok", "state directory": "ok", "state": "ok", "gopro login": "ok", "google login": "ok ok",
		"endpoint": "ok ok", "quota": "ok", "sessions": "ok", "locks": "ok", "leftovers": "ok",
	})
	if _, err := os.Stat(filepath.Join(p.home, ".local")); err == nil {
		t.Error("doctor made the state directory")
	}
	if leaks := p.cloud.Log.Leaks(); len(leaks) > 0 {
		t.Errorf("credentials were sent to %+v", leaks)
	}
	if p.cloud.Log.Count("photos.*")+p.cloud.Log.Count("upload.*")+p.cloud.Log.Count("gopro.search") > 0 {
		t.Error("doctor used up quota")
	}
	// What Google gave at the refresh is saved: the next run goes on with it.
	p.examine().want(t, 0, map[string]string{"google login": "ok ok"})
}

func TestDoctorTellsWhatIsWrong(t *testing.T) {
	for _, tc := range []struct {
		name   string
		harm   func(*patient)
		code   int
		levels map[string]string
	}{
		{"no tokens", func(p *patient) { os.Remove(p.token); p.environ = append(p.environ, "GP_ACCESS_TOKEN=") }, 4,
			map[string]string{"gopro login": "problem", "google login": "problem", "endpoint": "ok ok"}},
		{"token expired", func(p *patient) { p.cloud.GoPro.ExpireToken() }, 4, map[string]string{"gopro login": "problem", "google login": "ok ok"}},
		{"login revoked", func(p *patient) { p.cloud.Google.Revoke() }, 4, map[string]string{"gopro login": "ok", "google login": "problem"}},
		{"clock three hours behind", func(p *patient) { p.cloud.Clock.Advance(3 * time.Hour) }, 1, map[string]string{"clock": "problem"}},
		{"token open to the group", func(p *patient) { os.Chmod(p.token, 0o640) }, 1, map[string]string{"privacy": "problem ok", "google login": "ok ok"}},
		{"nobody at the address", func(p *patient) { p.environ = append(p.environ, "GONDOLA_GOPRO_URL=http://127.0.0.1:1") }, 1,
			map[string]string{"endpoint": "problem ok", "gopro login": "warning"}},
		{"a file where state should be", func(p *patient) {
			path := filepath.Join(p.home, "sessions")
			os.WriteFile(path, nil, 0o600)
			p.environ = append(p.environ, "GONDOLA_STATE_DIR="+path)
		}, 1, map[string]string{"state directory": "problem", "state": "problem", "sessions": "note"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if runtime.GOOS == "windows" && strings.Contains(tc.name, "group") {
				t.Skip("modes say nothing on Windows")
			}
			p := newPatient(t)
			tc.harm(p)
			p.examine().want(t, tc.code, tc.levels)
		})
	}
}

func TestDoctorForPeople(t *testing.T) {
	p := newPatient(t)
	run := func(args ...string) (int, string) {
		var out, errs bytes.Buffer
		code := Run(t.Context(), args, strings.NewReader(""), &out, &errs, p.environ)
		return code, out.String()
	}
	if code, out := run("doctor"); code != 0 || !strings.Contains(out, "ok       gopro login") || !strings.Contains(out, "0 problems") {
		t.Errorf("exit code %d\n%s", code, out)
	}
	if code, out := run("doctor", "-q"); code != 0 || out != "" {
		t.Errorf("quiet: exit code %d\n%s", code, out)
	}
	if code, out := run("doctor", "-o", "tsv"); code != 0 || !strings.HasPrefix(out, "level\tcheck\twhat\twhy\tremedy\nok\tclock\t") {
		t.Errorf("tsv: exit code %d\n%s", code, out)
	}
	p.cloud.GoPro.ExpireToken()
	if code, out := run("doctor", "-q"); code != 4 || !strings.HasPrefix(out, "problem  gopro login") || !strings.Contains(out, "Do:  sign in") {
		t.Errorf("quiet with a problem: exit code %d\n%s", code, out)
	}
	if code, out := run("doctor", "--gopro-url", "http://api.gopro.com"); code != 2 || out != "" {
		t.Errorf("plain http: exit code %d\n%s", code, out)
	}
}
