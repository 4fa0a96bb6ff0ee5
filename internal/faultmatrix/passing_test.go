package faultmatrix

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/gopro"
)

// ill is a fault that passes wherever it hits: a run in which it hits once ends
// as if it had not.
type ill struct {
	name  string
	fault emulator.Fault
	body  bool // it breaks a request, so the request needs a body
	text  bool // it breaks an answer of JSON or of one line of text
}

func status(code int) emulator.Fault { return emulator.Fault{Kind: emulator.FaultStatus, Status: code} }

func page(code int) emulator.Fault { return emulator.Fault{Kind: emulator.FaultHTML, Status: code} }

// answered is a fault that answers without doing the work.
func answered(code int, contentType, body string) emulator.Fault {
	return emulator.Fault{Kind: emulator.FaultStatus, Status: code, ContentType: contentType, Body: body}
}

func asking(f emulator.Fault, retryAfter string) emulator.Fault {
	f.RetryAfter = retryAfter
	return f
}

func times(n int, f emulator.Fault) emulator.Fault {
	f.Times = n
	return f
}

func at(call int, f emulator.Fault) emulator.Fault {
	f.Call = call
	return f
}

func after(n int64, kind emulator.FaultKind) emulator.Fault {
	return emulator.Fault{Kind: kind, After: n}
}

const forEver = -1

// cutAt is where the connection drops that a fault in mid-file follows.
const cutAt = 2*mib + 500*kib

// oneByOne makes the video the first to be carried, with nothing beside it.
func oneByOne(_ *bench, o *gondola.Options) { o.Transfers = 1 }

// inTwoMinutes is a Retry-After by the clock of the services.
var inTwoMinutes = began.Add(2 * time.Minute).Format(http.TimeFormat)

func passing() []ill {
	stall := func(after int64, delay time.Duration) emulator.Fault {
		return emulator.Fault{Kind: emulator.FaultStall, After: after, Delay: delay}
	}
	return []ill{
		{name: "408", fault: status(408)},
		{name: "429", fault: status(429)},
		{name: "429 with seconds", fault: asking(status(429), "7")},
		{name: "429 with a date", fault: asking(status(429), inTwoMinutes)},
		{name: "500", fault: status(500)},
		{name: "502", fault: status(502)},
		{name: "503", fault: status(503)},
		{name: "503 with seconds", fault: asking(status(503), "20")},
		{name: "503 three times", fault: times(3, status(503))},
		{name: "504", fault: status(504)},
		{name: "a web page with 503", fault: page(503)},
		{name: "a web page with 200", fault: page(200), text: true},
		{name: "malformed", fault: emulator.Fault{Kind: emulator.FaultMalformed}, text: true},
		{name: "empty", fault: answered(200, "application/json", " "), text: true},
		{name: "truncated", fault: emulator.Fault{Kind: emulator.FaultTruncate}, text: true},
		{name: "wrong length", fault: emulator.Fault{Kind: emulator.FaultWrongLength}},
		{name: "reset before", fault: emulator.Fault{Kind: emulator.FaultResetBefore}},
		{name: "reset after commit", fault: emulator.Fault{Kind: emulator.FaultResetAfter}},
		{name: "reset in the request", fault: after(60, emulator.FaultCutRequest), body: true},
		{name: "cut in the answer", fault: after(20, emulator.FaultCutResponse)},
		{name: "stall before the answer", fault: stall(0, 0)},
		{name: "stall in the answer", fault: stall(20, 0)},
		{name: "a pause before the answer", fault: stall(0, 20*time.Second)},
		{name: "slow", fault: emulator.Fault{Kind: emulator.FaultSlow, Delay: time.Second}},
	}
}

// lostAnswers are those of them in which the work is done and its answer lost.
var lostAnswers = []string{"truncated", "wrong length", "reset after commit", "cut in the answer", "stall before the answer", "stall in the answer"}

// place is a route of a sync, and how a run is brought to call it.
type place struct {
	row
	bodies bool     // its requests have bodies
	none   bool     // its answers have no body
	lost   int64    // bytes to be sent again when its answer is lost after commit
	path   string   // of the requests that the fault hits; "": any
	call   int      // of these that the fault hits; 0: the first
	not    []string // faults that mean something else here, and have rows of their own
}

// places are all routes that are called, by a sync and by a verification.
func places() []place { return slices.Concat(synced(), proved(), parted()) }

// synced are all routes that a sync calls.
func synced() []place {
	return []place{
		{row: row{route: "gopro.search", world: small}},
		{row: row{route: "gopro.user", world: small, faults: on("gopro.search", times(5, status(500)))}},
		{row: row{route: "gopro.download", world: small}},
		{row: row{route: "gopro.token", world: small, before: expiredGoPro}, bodies: true,
			// A refresh token is good for one renewal.
			not: lostAnswers},
		{row: row{route: "cdn.get", world: small}},
		{row: row{route: "cdn.get in mid-file", world: plain, tune: oneByOne, refetch: cutAt,
			faults: on("cdn.get", after(cutAt, emulator.FaultCutResponse))}, call: 2},
		{row: row{route: "google.token", world: small, before: expiredGoogle}, bodies: true},
		{row: row{route: "upload.start", world: plain}, none: true},
		{row: row{route: "upload.raw", world: small, again: 64 * kib}, bodies: true},
		{row: row{route: "upload.chunk", world: plain, again: segment}, bodies: true, none: true},
		{row: row{route: "upload.query", world: plain, again: segment,
			faults: on("upload.chunk", after(600*kib, emulator.FaultCutRequest))}, none: true},
		{row: row{route: "upload.finalize", world: plain, again: segment}, bodies: true, lost: videoSize},
		{row: row{route: "albums.list", world: album}},
		{row: row{route: "albums.create", world: album}, bodies: true},
		{row: row{route: "photos.batchCreate", world: small}, bodies: true},
		{row: row{route: "photos.batchGet of another login", world: small, before: halfDoneByAnotherLogin}},
	}
}

// hit lets a fault hit the place.
func (p *place) hit(f emulator.Fault) []emulator.Fault {
	route, _, _ := strings.Cut(p.route, " ")
	f.Path, f.Call = p.path, p.call
	return on(route, f)
}

// passed is each fault that passes at each place.
func passed() (rows []*row) {
	for _, p := range places() {
		for _, i := range passing() {
			if i.body && !p.bodies || i.text && p.none || slices.Contains(p.not, i.name) {
				continue
			}
			r := p.row
			r.fault = i.name
			r.faults = append(p.hit(i.fault), p.faults...)
			r.again *= int64(max(1, i.fault.Times))
			if slices.Contains(lostAnswers, i.name) {
				r.again = max(r.again, p.lost)
			}
			rows = append(rows, &r)
		}
	}
	return rows
}

// expiredGoPro lets the access token of GoPro have died, and gives the machine
// what it takes to renew it.
func expiredGoPro(b *bench) {
	b.token = b.cloud.GoPro.Token()
	b.signed = &gopro.OAuth{
		ClientID: emulator.GoProClientID, ClientSecret: emulator.GoProClientSecret, RefreshToken: b.signIn(),
		Save: func(_ context.Context, t gopro.TokenPair) error {
			b.token, b.signed.RefreshToken = t.Access, t.Refresh
			return nil
		},
	}
	b.cloud.GoPro.ExpireToken()
	b.cloud.Log.Clear()
}

// signIn returns a refresh token of GoPro.
func (b *bench) signIn() string {
	b.t.Helper()
	answer, err := b.cloud.Client().PostForm("https://api.gopro.com/v1/oauth2/token", url.Values{
		"grant_type": {"password"}, "client_id": {emulator.GoProClientID}, "client_secret": {emulator.GoProClientSecret},
		"username": {emulator.GoProUsername}, "password": {emulator.GoProPassword},
	})
	if err != nil {
		b.t.Fatal(err)
	}
	defer answer.Body.Close()
	var tokens struct {
		Refresh string `json:"refresh_token"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&tokens); err != nil || tokens.Refresh == "" {
		b.t.Fatalf("sign in to GoPro: %v", err)
	}
	return tokens.Refresh
}

// expiredGoogle lets the access token of Google have died.
func expiredGoogle(b *bench) { b.cloud.Google.ExpireAccessTokens() }

// halfDoneByAnotherLogin is a session of which one item is registered, and whose
// account cannot be told from another one before that item is asked for.
func halfDoneByAnotherLogin(b *bench) {
	b.cloud.Faults.Add(at(2, emulator.Fault{Route: "photos.batchCreate", Kind: emulator.FaultQuotaDaily, Times: forEver}))
	if first := b.sync(nil); first.summary.Outcome != gondola.OutcomeQuota {
		b.t.Fatalf("preparing: %v %s", first.err, describe(first))
	}
	b.cloud.Faults.Clear()
	b.logIn()
	b.cloud.Log.Clear()
}
