package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/internal/e2e/rig"
)

// auditSummary is the last line of audit's JSON output.
type auditSummary struct {
	Type                        string
	Media, Items, Safe, Unknown int
	AtRisk                      int `json:"at_risk"`
	ExitCode                    int `json:"exit_code"`
	Listed                      bool
	Error                       *struct{ Code, Message string }
	Requests                    map[string]int
	Destinations                []struct{ Name string }
}

// audit runs an audit, checks its JSON lines against the contract, and returns the
// summary and the reasons of the items at risk, by name.
func (l *line) audit(args ...string) (auditSummary, map[string]string, rig.Result) {
	l.T.Helper()
	r := l.Gondola(append([]string{"audit", "--json"}, args...)...)
	lines := strings.Split(strings.TrimSuffix(r.Stdout, "\n"), "\n")
	risks := map[string]string{}
	for _, text := range lines[:len(lines)-1] {
		var members map[string]any
		if err := json.Unmarshal([]byte(text), &members); err != nil {
			l.T.Fatalf("line %q: %v", text, err)
		}
		if members["type"] == "wait" {
			continue
		}
		at, isList := members["at"].([]any)
		_, hasBytes := members["bytes"]
		key, _ := members["key"].(string)
		name, _ := members["name"].(string)
		if members["type"] != "audit" || key == "" || name == "" || !hasBytes || !isList || len(at) > 0 {
			l.T.Errorf("line %s", text)
		}
		risks[name], _ = members["reason"].(string)
	}
	var s auditSummary
	last := lines[len(lines)-1]
	if err := json.Unmarshal([]byte(last), &s); err != nil || s.Type != "summary" || s.ExitCode != r.Code {
		l.T.Fatalf("exit code %d, last line %q: %v\n%s", r.Code, last, err, r.Stderr)
	}
	for _, member := range []string{"media", "items", "safe", "at_risk", "unknown", "exit_code"} {
		if !strings.Contains(last, `"`+member+`":`) {
			l.T.Errorf("the summary has no %s: %s", member, last)
		}
	}
	if s.Items != s.Safe+s.AtRisk+s.Unknown || s.AtRisk != len(lines)-1 && !strings.Contains(r.Stdout, `"wait"`) {
		l.T.Errorf("%d lines, %s", len(lines)-1, last)
	}
	return s, risks, r
}

// An audit is not fooled by what is on record: files that were removed from a
// folder, items that were deleted in Google Photos.
func TestAuditSeesWhatIsThere(t *testing.T) {
	t.Parallel()
	l := newLine(t, emulator.Options{Library: emulator.Many(120, 31), Google: fastGoogle})
	if s, _, r := l.audit(); r.Code != 7 || s.AtRisk != 120 || !s.Listed {
		t.Errorf("before any sync: exit code %d, %+v\n%s", r.Code, s, r.Stderr)
	}
	l.SyncUntilDone(1)
	l.Cloud.Log.Clear()
	if s, _, r := l.audit(); r.Code != 0 || s.Safe != 120 || s.Media != 120 {
		t.Errorf("all in Google Photos: exit code %d, %+v\n%s", r.Code, s, r.Stderr)
	}
	if n := l.Cloud.Log.Count("photos.*"); n != 3 {
		t.Errorf("%d calls to Google Photos for 120 items, want 3", n)
	}
	if n := l.Cloud.Log.Count("gopro.download"); n != 0 {
		t.Errorf("%d media were looked into that the session holds as they are", n)
	}
	lost := l.Cloud.Google.Items()[7]
	l.Cloud.Google.Drop(lost.ID)
	s, risks, r := l.audit()
	if r.Code != 7 || s.AtRisk != 1 || !strings.Contains(risks[lost.Filename], "not at the destination") {
		t.Errorf("one deleted: exit code %d, %+v, %v", r.Code, s, risks)
	}

	l.Want(0, "sync", "gopro:", "./disk")
	l.Cloud.Log.Clear()
	if s, _, r = l.audit("--deep"); r.Code != 0 || s.Safe != 120 || l.Cloud.Log.Count("photos.*") != 0 {
		t.Errorf("all in a folder: exit code %d, %+v", r.Code, s)
	}
	file := l.find("disk", lost.Filename)
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)/2] ^= 1
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(file, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	if _, _, r = l.audit(); r.Code != 0 {
		t.Errorf("a bit that has turned, without --deep: exit code %d", r.Code)
	}
	if s, risks, r = l.audit("--deep"); r.Code != 7 || s.AtRisk != 1 || !strings.Contains(risks[lost.Filename], "changed") {
		t.Errorf("a bit that has turned, with --deep: exit code %d, %+v, %v", r.Code, s, risks)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if s, risks, r = l.audit(); r.Code != 7 || s.AtRisk != 1 || !strings.Contains(risks[lost.Filename], "not there any more") {
		t.Errorf("one removed: exit code %d, %+v, %v", r.Code, s, risks)
	}
	text := l.Want(7, "audit").Stdout
	if first, _, _ := strings.Cut(text, "\n"); !strings.HasPrefix(first, "Not safe to cancel: 1 of 120 items") || !strings.Contains(text, "gondola sync gopro: folder:") {
		t.Errorf("for people:\n%s", text)
	}
	if r = l.Want(7, "audit", "-o", "tsv"); strings.Count(r.Stdout, "\n") != 2 || !strings.Contains(r.Stdout, "\tat_risk\t") {
		t.Errorf("as a table: %s", r.Stdout)
	}
}

// What came from the cloud is recognised by its bytes in a folder of the same files,
// by an audit and by a sync, which files it into albums without sending it.
func TestFolderOfWhatCameFromTheCloud(t *testing.T) {
	t.Parallel()
	l := newLine(t, emulator.Options{Library: emulator.Many(60, 35), Google: fastGoogle})
	l.SyncUntilDone(1)
	l.Want(0, "sync", "gopro:", "./disk", "--state-dir", "elsewhere")
	if err := os.Rename(filepath.Join(l.Home, "disk"), filepath.Join(l.Home, "card")); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(l.Home, "card", ".gondola")); err != nil {
		t.Fatal(err)
	}
	own := filepath.Join(l.Home, "card", "own.jpg")
	if err := os.WriteFile(own, []byte("\xff\xd8\xff\xe0 own"), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, risks, r := l.audit("./card"); r.Code != 7 || s.Safe != 60 || risks["own.jpg"] != "no session has carried it" {
		t.Errorf("audit: exit code %d, %+v, %v", r.Code, s, risks)
	}
	lost := l.Cloud.Google.Items()[7]
	l.Cloud.Google.Drop(lost.ID)
	if s, risks, r := l.audit("./card"); r.Code != 7 || s.Safe != 59 || !strings.Contains(risks[lost.Filename], "not at the destination") {
		t.Errorf("one deleted: exit code %d, %+v, %v", r.Code, s, risks)
	}
	l.Want(7, "verify", "gopro-gphotos-everything")
	s, r := l.Sync("./card", "gphotos:", "--album", "{year}")
	if r.Code != 0 || s.Items.AlreadyThere != 59 || s.Items.Created != 2 {
		t.Errorf("sync: exit code %d, %+v\n%s", r.Code, s, r.Stderr)
	}
	if s, _, r := l.audit("./card"); r.Code != 0 || s.Safe != 61 {
		t.Errorf("in the end: exit code %d, %+v", r.Code, s)
	}
	filed := 0
	for _, album := range l.Cloud.Google.Albums() {
		filed += len(album.Items)
	}
	if n := len(l.Cloud.Google.Items()); n != 61 || filed != 61 {
		t.Errorf("%d items in Google Photos, %d in albums", n, filed)
	}
}

// find returns the path of a file below a directory in the home.
func (l *line) find(dir, name string) string {
	l.T.Helper()
	found, err := filepath.Glob(filepath.Join(l.Home, dir, "*", "*", name))
	if err != nil || len(found) != 1 {
		l.T.Fatalf("%s: %q, %v", name, found, err)
	}
	return found[0]
}

// A folder vouches without its sessions, under another path, where it is named.
func TestAuditOfFolderWithoutSessions(t *testing.T) {
	t.Parallel()
	l := newLine(t, emulator.Options{Library: emulator.Demo()})
	l.Want(0, "sync", "gopro:", "./disk", "--state-dir", "elsewhere")
	if err := os.Rename(filepath.Join(l.Home, "disk"), filepath.Join(l.Home, "moved")); err != nil {
		t.Fatal(err)
	}
	if s, _, r := l.audit(); r.Code != 7 || s.AtRisk != s.Items {
		t.Errorf("not named: exit code %d, %+v", r.Code, s)
	}
	if s, _, r := l.audit("--at", "./moved"); r.Code != 0 || s.Safe != s.Items || s.Items == 0 {
		t.Errorf("named: exit code %d, %+v\n%s", r.Code, s, r.Stderr)
	}
	if s, _, r := l.audit("--state-dir", "elsewhere"); r.Code != 1 || s.Unknown != s.Items {
		t.Errorf("a disk that is not mounted: exit code %d, %+v", r.Code, s)
	}
	if s, _, r := l.audit("--state-dir", "elsewhere", "--at", "./moved"); r.Code != 0 || s.Safe != s.Items {
		t.Errorf("found under another path: exit code %d, %+v", r.Code, s)
	}
	for _, where := range []string{"./nowhere", "."} {
		if s, _, r := l.audit("--at", where); r.Code != 1 || s.Items != 0 || s.Error == nil {
			t.Errorf("--at %s: exit code %d, %+v\n%s", where, r.Code, s, r.Stderr)
		}
	}
	for _, args := range [][]string{{"--at", "gphotos:"}, {"./moved", "--at", "./moved"}, {"gphotos:"}, {"--wait", "-1s"}} {
		if r := l.Gondola(append([]string{"audit"}, args...)...); r.Code != 2 {
			t.Errorf("%q: exit code %d, want 2\n%s", args, r.Code, r.Stderr)
		}
	}
}

// What is refused is at risk, with the reason.
func TestAuditNamesWhatIsRefused(t *testing.T) {
	t.Parallel()
	library := emulator.Demo()
	library[len(library)-1].State = "uploading"
	l := newLine(t, emulator.Options{Library: library, Google: fastGoogle})
	l.Want(0, "sync")
	s, risks, r := l.audit()
	if r.Code != 7 || s.AtRisk != 3 || s.Unknown != 0 {
		t.Errorf("exit code %d, %+v", r.Code, s)
	}
	says := []string{".360", ".GPR", "upload"}
	for name, reason := range risks {
		if !slices.ContainsFunc(says, func(word string) bool { return strings.Contains(reason, word) }) {
			t.Errorf("%s: %q", name, reason)
		}
	}
}

// Without a login, or a quota, nothing is claimed of what Google Photos may hold.
func TestAuditOfGoogleThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	l := newLine(t, emulator.Options{Library: emulator.Many(120, 33), Google: fastGoogle})
	l.SyncUntilDone(1)
	l.Cloud.Faults.Add(emulator.Fault{Route: "photos.batchGet", Kind: emulator.FaultQuotaDaily, Call: 2, Times: -1})
	if s, _, r := l.audit(); r.Code != 5 || s.Safe != 50 || s.Unknown != 70 || s.Error == nil {
		t.Errorf("quota: exit code %d, %+v\n%s", r.Code, s, r.Stderr)
	}
	l.Cloud.Faults.Clear()
	l.Cloud.Google.Revoke()
	if s, _, r := l.audit(); r.Code != 4 || s.Unknown != 120 || !strings.Contains(r.Stderr, "gondola login google") {
		t.Errorf("revoked: exit code %d, %+v\n%s", r.Code, s, r.Stderr)
	}
	if s, _, r := l.audit("--token", "nowhere.json"); r.Code != 4 || s.Unknown != 120 {
		t.Errorf("no tokens: exit code %d, %+v\n%s", r.Code, s, r.Stderr)
	}
	if _, _, r := l.audit("gopro@nobody:"); r.Code != 4 || !strings.Contains(r.Stderr, "gondola login gopro") {
		t.Errorf("GoPro: exit code %d\n%s", r.Code, r.Stderr)
	}
}

// Two people whose media have equal ids do not vouch for one another.
func TestAuditKeepsProfilesApart(t *testing.T) {
	t.Parallel()
	library := emulator.Many(6, 34)
	l := newLine(t, emulator.Options{
		Library: library, Google: fastGoogle,
		Accounts: []emulator.AccountOptions{{Name: "anna", Library: library}},
	})
	anna := l.Cloud.Accounts()[1]
	ids := func(g *emulator.GoPro) (all []string) {
		for _, it := range g.Expected() {
			all = append(all, fmt.Sprint(it.Medium, it.Name))
		}
		return all
	}
	if !slices.Equal(ids(anna.GoPro), ids(l.Cloud.GoPro)) {
		t.Fatal("the ids differ: the test has grown blind")
	}
	config := filepath.Join(l.Home, ".config", "gondola")
	if err := os.MkdirAll(config, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"anna":        anna.GoPro.Token(),
		"config.toml": fmt.Sprintf("[gopro.anna]\ntoken-file = %q\n", filepath.Join(config, "anna")),
	} {
		if err := os.WriteFile(filepath.Join(config, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	l.SyncUntilDone(1)
	l.Want(0, "sync", "gopro:", "./disk")
	if s, _, r := l.audit(); r.Code != 0 || s.Safe != 6 {
		t.Errorf("the default profile: exit code %d, %+v\n%s", r.Code, s, r.Stderr)
	}
	if s, _, r := l.audit("gopro@anna:", "--at", "./disk"); r.Code != 7 || s.AtRisk != 6 {
		t.Errorf("anna: exit code %d, %+v\n%s", r.Code, s, r.Stderr)
	}
	l.Want(0, "sync", "gopro@anna:", "./annas")
	if s, _, r := l.audit("gopro@anna:"); r.Code != 0 || s.Safe != 6 {
		t.Errorf("anna after a sync: exit code %d, %+v\n%s", r.Code, s, r.Stderr)
	}
}

// A directory that cannot be read is named and counts as failed, the rest is
// carried, and an audit claims nothing.
func TestUnreadableDirectory(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs permissions")
	}
	t.Parallel()
	l := newLine(t, emulator.Options{})
	for _, name := range []string{"card/open/a.jpg", "card/shut/b.jpg"} {
		file := filepath.Join(l.Home, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte("\xff\xd8\xff\xe0 "+name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	shut := filepath.Join(l.Home, "card/shut")
	l.obeyPermissions()
	if err := os.Chmod(shut, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(shut, 0o755) })
	s, r := l.Sync("./card", "./disk")
	if r.Code != 3 || s.Items.Created != 1 || s.Items.Failed != 1 || !strings.Contains(r.Stdout, "shut: ") || !strings.Contains(r.Stderr, "make them readable") {
		t.Errorf("exit code %d, %+v\n%s\n%s", r.Code, s, r.Stdout, r.Stderr)
	}
	if s, _, r := l.audit("./card"); r.Code != 1 || s.Safe != 0 || s.Listed || s.Error == nil || s.Error.Code != "listing_incomplete" ||
		!strings.Contains(r.Stderr, "Not proven") || strings.Contains(r.Stderr, "Safe to") {
		t.Errorf("audit: exit code %d, %+v\n%s", r.Code, s, r.Stderr)
	}
	if err := os.Chmod(shut, 0o755); err != nil {
		t.Fatal(err)
	}
	if s, r := l.Sync("./card", "./disk"); r.Code != 0 || s.Items.Created != 2 {
		t.Errorf("when it can be read: exit code %d, %+v", r.Code, s)
	}
	if s, _, r := l.audit("./card"); r.Code != 0 || s.Safe != 2 {
		t.Errorf("audit: exit code %d, %+v\n%s", r.Code, s, r.Stderr)
	}
}

// obeyPermissions takes from commands of root the right to read everything.
func (l *line) obeyPermissions() {
	if os.Geteuid() != 0 {
		return
	}
	setpriv, err := exec.LookPath("setpriv")
	if err != nil {
		l.T.Skip("root reads everything, and there is no setpriv")
	}
	l.Under = []string{setpriv, "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-dac_override,-dac_read_search"}
}
