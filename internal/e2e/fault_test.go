package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/emulator"
)

// faultRow is one thing that goes wrong once in a while, and what must be true
// of the first run. In the end, always: everything arrived once.
type faultRow struct {
	name    string
	faults  []emulator.Fault
	options emulator.Options
	code    int         // of the first run
	before  func(*line) // the first run
	mend    func(*line) // between the first run and the next
}

func containsAll(text string, parts ...string) bool {
	for _, part := range parts {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}

// library is small and has everything a fault can hit: photos that go up in one
// request and a video that takes several.
func library() emulator.Library {
	return append(emulator.Large(40*mib), emulator.Many(7, 9)...)
}

func on(route string, kind emulator.FaultKind, more ...func(*emulator.Fault)) []emulator.Fault {
	f := emulator.Fault{Route: route, Kind: kind}
	for _, m := range more {
		m(&f)
	}
	return []emulator.Fault{f}
}

func status(code int) func(*emulator.Fault) { return func(f *emulator.Fault) { f.Status = code } }
func after(n int64) func(*emulator.Fault)   { return func(f *emulator.Fault) { f.After = n } }
func call(n int) func(*emulator.Fault)      { return func(f *emulator.Fault) { f.Call = n } }
func times(n int) func(*emulator.Fault)     { return func(f *emulator.Fault) { f.Times = n } }

func retryAfter(s string) func(*emulator.Fault) {
	return func(f *emulator.Fault) { f.RetryAfter = s }
}

var faultRows = []faultRow{
	// The GoPro API.
	{name: "search 429 with seconds", faults: on("gopro.search", emulator.FaultStatus, status(429), retryAfter("1"))},
	{name: "search 500", faults: on("gopro.search", emulator.FaultStatus, status(500))},
	{name: "search 503", faults: on("gopro.search", emulator.FaultStatus, status(503))},
	{name: "search page of HTML", faults: on("gopro.search", emulator.FaultHTML, status(502))},
	{name: "search malformed", faults: on("gopro.search", emulator.FaultMalformed)},
	{name: "search truncated", faults: on("gopro.search", emulator.FaultTruncate)},
	{name: "search dropped", faults: on("gopro.search", emulator.FaultResetBefore)},
	{name: "search cut", faults: on("gopro.search", emulator.FaultCutResponse, after(100))},
	{name: "search short page", faults: on("gopro.search", emulator.FaultShortPage)},
	{name: "search reordered", faults: on("gopro.search", emulator.FaultReorder)},
	{name: "manifest 500", faults: on("gopro.download", emulator.FaultStatus, status(500))},
	{name: "manifest dropped", faults: on("gopro.download", emulator.FaultResetBefore)},
	{name: "manifest malformed", faults: on("gopro.download", emulator.FaultMalformed)},
	{name: "token dies in the listing", faults: on("gopro.*", emulator.FaultStatus, status(401), call(3), times(-1)), code: 4,
		mend: func(l *line) { l.Cloud.Faults.Clear(); l.Cloud.GoPro.ExpireToken() }},

	// The CDN.
	{name: "cdn 403", faults: on("cdn.get", emulator.FaultExpired, times(2))},
	{name: "cdn 404 once", faults: on("cdn.get", emulator.FaultStatus, status(404))},
	{name: "cdn 500", faults: on("cdn.get", emulator.FaultStatus, status(500))},
	{name: "cdn 503", faults: on("cdn.get", emulator.FaultStatus, status(503), times(3))},
	{name: "cdn dropped", faults: on("cdn.get", emulator.FaultResetBefore)},
	{name: "cdn cut in the body", faults: on("cdn.get", emulator.FaultCutResponse, after(3000), times(4))},
	{name: "cdn cut far in the body", faults: on("cdn.get", emulator.FaultCutResponse, after(9*mib), times(9))},
	{name: "cdn wrong length", faults: on("cdn.get", emulator.FaultWrongLength)},
	{name: "cdn ignores ranges", faults: append(on("cdn.get", emulator.FaultCutResponse, after(20*mib), times(8)), on("cdn.get", emulator.FaultIgnoreRange, call(9))...)},
	{name: "cdn object changed under the URL", faults: append(on("cdn.get", emulator.FaultCutResponse, after(20*mib), times(8)), on("cdn.get", emulator.FaultChanged, call(9))...)},
	{name: "URLs live shorter than the file takes", options: emulator.Options{GoPro: emulator.GoProOptions{URLLife: time.Second}}, faults: on("cdn.get", emulator.FaultCutResponse, after(5*mib), times(12))},

	// OAuth.
	{name: "access token expires in the run", before: func(l *line) { l.Cloud.Google.ExpireAccessTokens() }},
	{name: "token endpoint 407", faults: on("google.token", emulator.FaultStatus, status(407), times(-1)), code: 1,
		before: func(l *line) { l.Cloud.Google.ExpireAccessTokens() }, mend: func(l *line) { l.Cloud.Faults.Clear() }},
	{name: "token endpoint 503", faults: on("google.token", emulator.FaultStatus, status(503)), before: func(l *line) { l.Cloud.Google.ExpireAccessTokens() }},

	// Uploads.
	{name: "start 503", faults: on("upload.start", emulator.FaultStatus, status(503))},
	{name: "start answer lost", faults: on("upload.start", emulator.FaultResetAfter)},
	{name: "raw 500", faults: on("upload.raw", emulator.FaultStatus, status(500))},
	{name: "raw answer lost", faults: on("upload.raw", emulator.FaultResetAfter)},
	{name: "raw cut", faults: on("upload.raw", emulator.FaultCutRequest, after(1000))},
	{name: "chunk 500", faults: on("upload.chunk", emulator.FaultStatus, status(500))},
	{name: "chunk dropped", faults: on("upload.chunk", emulator.FaultResetBefore)},
	{name: "chunk cut", faults: on("upload.chunk", emulator.FaultCutRequest, after(3*mib))},
	{name: "chunk answer lost", faults: on("upload.chunk", emulator.FaultResetAfter)},
	{name: "chunk session lost", faults: on("upload.chunk", emulator.FaultLoseSession)},
	{name: "chunk 400 about quota", faults: on("upload.chunk", emulator.FaultStatus, status(400))},
	{name: "query 503", faults: append(on("upload.chunk", emulator.FaultCutRequest, after(mib)), on("upload.query", emulator.FaultStatus, status(503))...)},
	{name: "finalize 500", faults: on("upload.finalize", emulator.FaultStatus, status(500))},
	{name: "finalize cut", faults: on("upload.finalize", emulator.FaultCutRequest, after(mib))},
	{name: "finalize answer lost", faults: on("upload.finalize", emulator.FaultLoseToken)},
	{name: "upload 401", faults: on("upload.*", emulator.FaultStatus, status(401))},
	{name: "upload page of HTML", faults: on("upload.*", emulator.FaultHTML)},

	// Creating.
	{name: "create 500", faults: on("photos.batchCreate", emulator.FaultStatus, status(500))},
	{name: "create 503", faults: on("photos.batchCreate", emulator.FaultStatus, status(503), times(2))},
	{name: "create 409", faults: on("photos.batchCreate", emulator.FaultStatus, status(409))},
	{name: "create 401", faults: on("photos.batchCreate", emulator.FaultStatus, status(401))},
	{name: "create answer lost after commit", faults: on("photos.batchCreate", emulator.FaultResetAfter, times(2))},
	{name: "create dropped", faults: on("photos.batchCreate", emulator.FaultResetBefore)},
	{name: "create malformed", faults: on("photos.batchCreate", emulator.FaultMalformed)},
	{name: "create truncated", faults: on("photos.batchCreate", emulator.FaultTruncate)},
	{name: "create quota of the minute", faults: on("photos.batchCreate", emulator.FaultQuotaMinute)},
	{name: "create concurrent write", faults: on("photos.batchCreate", emulator.FaultQuotaConcurrent)},
	{name: "create quota of the day", faults: on("photos.batchCreate", emulator.FaultQuotaDaily, times(-1)), code: 5, mend: func(l *line) { l.Cloud.Faults.Clear() }},
	{name: "create storage full", faults: on("photos.batchCreate", emulator.FaultStorageFull, times(-1)), code: 5, mend: func(l *line) { l.Cloud.Faults.Clear() }},
	{name: "create item 13", faults: on("photos.batchCreate", emulator.FaultItemCode, status(13), call(2))},
	{name: "create item 3", faults: on("photos.batchCreate", emulator.FaultItemCode, status(3), call(2)), code: 3},
	{name: "create 207", options: emulator.Options{Google: emulator.GoogleOptions{PartialStatus: 207}}, faults: on("photos.batchCreate", emulator.FaultItemCode, status(13), call(2))},
	{name: "create insufficient scope", faults: on("photos.batchCreate", emulator.FaultStatus, status(403), times(-1)), code: 4, mend: func(l *line) { l.Cloud.Faults.Clear() }},
	{name: "every upload forgotten between two runs", faults: on("photos.batchCreate", emulator.FaultQuotaDaily, times(-1)), code: 5, mend: func(l *line) {
		l.Cloud.Faults.Clear()
		l.Cloud.Google.DropUploads()
		l.Cloud.Clock.Advance(25 * time.Hour)
	}},
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for _, row := range faultRows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			o := row.options
			o.Library = library()
			l := newLine(t, o)
			l.Cloud.Faults.Add(row.faults...)
			if row.before != nil {
				row.before(l)
			}
			first, r := l.Sync()
			if r.Code != row.code {
				t.Errorf("first run: exit code %d, want %d: %+v\n%s", r.Code, row.code, first, r.Stderr)
			}
			if row.mend != nil {
				row.mend(l)
			}
			if waiting := l.Cloud.Faults.Waiting(); waiting > 0 {
				t.Errorf("%d faults never hit", waiting)
			}
			l.SyncUntilDone(2)
			l.WantArrived()
		})
	}
}
