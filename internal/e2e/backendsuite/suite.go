package backendsuite

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/internal/e2e/rig"
)

// Run tests the kind of store whose URIs newStore returns: each of a store that
// is empty, or not even there. The test binary's TestMain calls [rig.Main].
func Run(t *testing.T, newStore func(t *testing.T) (uri string)) {
	for _, test := range []struct {
		name string
		run  func(*testing.T, string)
	}{
		{"KilledInALargeVideo", killedInALargeVideo},
		{"KilledAgainAndAgain", killedAgainAndAgain},
		{"Locked", locked},
		{"SeenLive", seenLive},
		{"AnswersLost", answersLost},
		{"FinishedElsewhere", finishedElsewhere},
		{"BegunElsewhere", begunElsewhere},
		{"PlanMakesNothing", planMakesNothing},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, newStore(t))
		})
	}
}

const mib = 1 << 20

// everything is the session of a sync without a window.
const everything = "gopro-gphotos-everything"

// fast takes as many writes as come.
var fast = emulator.GoogleOptions{ProcessingTime: -1, WriteTime: -1, WritesPerMinute: 6000}

func newLine(t *testing.T, library emulator.Library, uri string) *rig.Line {
	t.Helper()
	return rig.New(t, emulator.Options{Library: library, Google: fast}, "GONDOLA_STATE="+uri)
}

// killedInALargeVideo: the next run goes on at the byte that the library holds.
func killedInALargeVideo(t *testing.T, uri string) {
	const size = 40 * mib
	l := newLine(t, emulator.Large(size), uri)
	l.KillWhen(func() bool { return l.Received() > 12*mib }, "--bwlimit", "20M")
	held := l.Settled()
	l.Cloud.Log.Clear()
	s := l.SyncUntilDone(1)
	l.WantArrived()
	// What was handed over and lost with the process counts as sent again.
	if s.Bytes.Uploaded != size-held || s.Bytes.Resent > mib {
		t.Errorf("the library held %d of %d bytes; %d were sent, %d again", held, size, s.Bytes.Uploaded, s.Bytes.Resent)
	}
}

// killedAgainAndAgain: all is there in the end, proved by verify, and another
// session finds it in the ledger.
func killedAgainAndAgain(t *testing.T, uri string) {
	l := newLine(t, emulator.Many(40, 5), uri)
	for kill := range 4 {
		requests := l.Cloud.Log.Count("") + 15 + 12*kill
		l.KillWhen(func() bool { return l.Cloud.Log.Count("") >= requests })
	}
	l.SyncUntilDone(1)
	l.WantArrived()
	if v, _, r := l.Verify(everything); r.Code != 0 || v.Items.Verified != 40 {
		t.Errorf("verify: exit code %d, %+v\n%s", r.Code, v, r.Stderr)
	}
	l.Cloud.Log.Clear()
	s := l.SyncUntilDone(1, "--session-id", "another")
	if n := l.Sent(); n != 0 || s.Items.AlreadyThere != 40 {
		t.Errorf("another session: %d files sent, %+v", n, s.Items)
	}
	l.Want(0, "sessions", "rm", everything, "--yes")
	if ids := l.SessionIDs(); len(ids) != 1 || ids[0] != "another" {
		t.Errorf("sessions %v, want one", ids)
	}
	l.SyncUntilDone(1)
	if n := l.Sent(); n != 0 {
		t.Errorf("a session begun anew: %d files sent", n)
	}
	l.WantArrived()
}

// locked: a second process is refused by name, the first leaves when it is asked
// to, and a lock whose holder is dead is taken over.
func locked(t *testing.T, uri string) {
	l := newLine(t, emulator.Large(40*mib), uri)
	first := l.Start("--bwlimit", "1M")
	first.Await(func() bool { return l.Received() > 0 })
	refused := l.Want(6, "sync")
	if !strings.Contains(refused.Stderr, fmt.Sprint(first.PID())) {
		t.Errorf("the holder of the session is not named: %s", refused.Stderr)
	}
	if r := l.Want(0, "doctor"); !strings.Contains(r.Stdout, "is being run by process "+fmt.Sprint(first.PID())) {
		t.Errorf("doctor does not tell who holds the session:\n%s", r.Stdout)
	}
	if _, r, took := first.Interrupt(); r.Code != 130 || took > 10*time.Second {
		t.Errorf("interrupted: exit code %d after %v\n%s", r.Code, took, r.Stderr)
	}
	held := l.Settled()
	l.KillWhen(func() bool { return l.Received() > held+mib }, "--bwlimit", "6M")
	l.SyncUntilDone(1)
	l.WantArrived()
}

// seenLive: another process shows the run while it goes on, and an item's history
// when its process was killed.
func seenLive(t *testing.T, uri string) {
	l := newLine(t, emulator.Large(40*mib), uri)
	run := l.Start("--bwlimit", "1M")
	run.Await(func() bool {
		r := l.Gondola("status", everything, "--json") // there is no session at first
		return strings.Contains(r.Stdout, fmt.Sprintf(`"pid":%d,`, run.PID())) && strings.Contains(r.Stdout, `"in_flight":[{`)
	})
	run.Kill()
	if r := l.Want(0, "status", everything, "--watch", "--json"); strings.Contains(r.Stdout, `"run"`) {
		t.Errorf("a run whose process was killed is shown:\n%s", r.Stdout)
	}
	var item struct {
		Timeline []struct{ Stage, Status string }
	}
	r := l.Want(0, "status", everything, "--item", l.Cloud.GoPro.Expected()[0].Name, "--json")
	if err := json.Unmarshal([]byte(r.Stdout), &item); err != nil || len(item.Timeline) == 0 || item.Timeline[0].Stage != "discovery" {
		t.Errorf("timeline: %v\n%s", err, r.Stdout)
	}
}

// answersLost: what was done and not learned of is done once.
func answersLost(t *testing.T, uri string) {
	l := newLine(t, append(emulator.Large(20*mib), emulator.Many(12, 9)...), uri)
	for _, f := range []emulator.Fault{
		{Route: "photos.batchCreate", Kind: emulator.FaultResetAfter},
		{Route: "upload.finalize", Kind: emulator.FaultResetAfter},
		{Route: "cdn.get", Kind: emulator.FaultCutResponse, After: 5 * mib, Times: 2},
		{Route: "upload.raw", Kind: emulator.FaultStatus, Status: 503},
		{Route: "photos.batchCreate", Kind: emulator.FaultItemCode, Status: 3, Call: 2},
	} {
		l.Cloud.Faults.Add(f)
	}
	l.SyncUntilDone(3)
	l.WantArrived()
	for _, format := range []string{"text", "json", "tsv"} {
		l.Want(0, "sessions", "show", everything, "-o", format)
		l.Want(0, "status", everything, "-o", format)
		l.Want(0, "status", "-o", format)
	}
}

// mixed has a video that takes a while and photos.
func mixed() emulator.Library { return append(emulator.Large(24*mib), emulator.Many(15, 7)...) }

// half runs a sync that is killed in the middle of the video.
func half(l *rig.Line, more ...string) (held int64) {
	l.T.Helper()
	l.KillWhen(func() bool { return l.Received() > 8*mib }, append([]string{"--transfers", "1", "--bwlimit", "16M"}, more...)...)
	return l.Settled()
}

// finishedElsewhere: a session begun here is copied into a directory and goes
// on there, at the byte where it was.
func finishedElsewhere(t *testing.T, uri string) {
	l := newLine(t, mixed(), uri)
	held := half(l)
	there := "jsondir:" + l.StateDir() + "-elsewhere"
	l.Want(0, "sessions", "export", there, everything)
	s := l.SyncUntilDone(1, "--state", there)
	l.WantArrived()
	if most := 24*mib - held + photos(l); s.Bytes.Uploaded > most {
		t.Errorf("%d bytes were sent elsewhere, want at most the %d that the library did not hold", s.Bytes.Uploaded, most)
	}
	if _, _, r := l.Verify(everything, "--state", there); r.Code != 0 {
		t.Errorf("verify elsewhere: exit code %d\n%s", r.Code, r.Stderr)
	}
	// Brought back, it is not taken for what was left here.
	if r := l.Want(1, "sessions", "import", there); !strings.Contains(r.Stderr, "not the same") {
		t.Errorf("import over what was left: %s", r.Stderr)
	}
	l.Want(0, "sessions", "rm", everything, "--yes")
	l.Want(0, "sessions", "import", there)
	l.Cloud.Log.Clear()
	l.SyncUntilDone(1)
	if n := l.Sent(); n != 0 {
		t.Errorf("brought back: %d files sent", n)
	}
}

// begunElsewhere: a session begun in a directory goes on here.
func begunElsewhere(t *testing.T, uri string) {
	l := newLine(t, mixed(), uri)
	there := "jsondir:" + l.StateDir() + "-elsewhere"
	held := half(l, "--state", there)
	if r := l.Want(0, "sessions", "copy", there, uri, "--move"); !strings.Contains(r.Stderr, "Moved session "+everything) {
		t.Errorf("copy: %s", r.Stderr)
	}
	if ids := l.SessionIDs("--state", there); len(ids) != 0 {
		t.Errorf("what was moved is still there: %v", ids)
	}
	s := l.SyncUntilDone(1)
	l.WantArrived()
	if most := 24*mib - held + photos(l); s.Bytes.Uploaded > most {
		t.Errorf("%d bytes were sent here, want at most the %d that the library did not hold", s.Bytes.Uploaded, most)
	}
}

// photos returns the bytes of all photos.
func photos(l *rig.Line) (sum int64) {
	for _, e := range l.Cloud.GoPro.Expected() {
		if strings.HasSuffix(e.Name, ".JPG") {
			sum += e.Size
		}
	}
	return sum
}

// planMakesNothing: a plan neither makes a store nor a session, nor does
// looking after one's health.
func planMakesNothing(t *testing.T, uri string) {
	l := newLine(t, emulator.Many(3, 1), uri)
	for range 2 {
		if r := l.Want(0, "sync", "--dry-run"); !strings.Contains(r.Stdout, "3 items") {
			t.Errorf("plan:\n%s", r.Stdout)
		}
	}
	if r := l.Want(0, "doctor"); !strings.Contains(r.Stdout, "nothing is stored yet") {
		t.Errorf("a plan or doctor has made a store:\n%s", r.Stdout)
	}
	l.Want(0, "__complete", "status", "")
	if r := l.Want(0, "doctor"); !strings.Contains(r.Stdout, "nothing is stored yet") {
		t.Errorf("completion has made a store:\n%s", r.Stdout)
	}
	s := l.SyncUntilDone(1)
	r := l.Want(0, "sync", "--dry-run")
	if !strings.Contains(r.Stdout, "0 items, 0 B") || s.Items.Created != 3 {
		t.Errorf("plan of what is done:\n%s", r.Stdout)
	}
	if r := l.Want(0, "__complete", "status", ""); !strings.Contains(r.Stdout, everything) {
		t.Errorf("completion:\n%s", r.Stdout)
	}
}
