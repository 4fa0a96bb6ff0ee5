package emulator_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/emulator/internal/emutest"
	"github.com/gondola-sync/gondola/emulator/internal/fault"
	"github.com/gondola-sync/gondola/emulator/internal/route"
	"github.com/gondola-sync/gondola/emulator/sample"
)

func TestFaultsThatCannotBe(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`{"kind":"explode"}`, `{"kind":"status","route":"["}`, `{"kind":"status","path":"["}`, `{"kind":"status","stauts":500}`,
		`{"kind":"stall","delay":"soon"}`, `{}`, `[]`,
	} {
		var f emulator.Fault
		if err := json.Unmarshal([]byte(text), &f); err == nil {
			t.Errorf("%s passed for a fault", text)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("Add took a fault of no kind")
		}
	}()
	new(emulator.Faults).Add(emulator.Fault{})
}

func TestFaultSurvivesJSON(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := emulator.Fault{
			Route: rapid.SampledFrom([]string{"", "cdn.get", "photos.*"}).Draw(t, "route"), Path: rapid.SampledFrom([]string{"", "/*"}).Draw(t, "path"),
			Kind: rapid.SampledFrom([]emulator.FaultKind{emulator.FaultStatus, emulator.FaultStall, emulator.FaultItemCode}).Draw(t, "kind"),
			Call: rapid.IntRange(0, 9).Draw(t, "call"), Times: rapid.IntRange(-1, 9).Draw(t, "times"),
			Status: rapid.IntRange(0, 599).Draw(t, "status"), After: rapid.Int64Range(0, 1<<40).Draw(t, "after"),
			Delay: time.Duration(rapid.Int64Range(0, 1<<50).Draw(t, "delay")), Body: rapid.String().Draw(t, "body"),
		}
		data, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got emulator.Fault
		if err := json.Unmarshal(data, &got); err != nil {
			t.Fatalf("%s: %v", data, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func FuzzFault(f *testing.F) {
	f.Add([]byte(`{"route":"cdn.get","kind":"stall","delay":"2s","after":9}`))
	f.Add([]byte(`{"kind":"status","status":429,"retry_after":"3","header":{"A":"b"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var failure emulator.Fault
		if json.Unmarshal(data, &failure) == nil && fault.Fault(failure).Check() != nil {
			t.Errorf("%s passed for a fault", data)
		}
	})
}

// eachNetwork runs a test in memory and over sockets.
func eachNetwork(t *testing.T, o emulator.Options, test func(t *testing.T, c *emutest.Cloud)) {
	t.Helper()
	t.Run("memory", func(t *testing.T) { test(t, emutest.NewCloud(t, o)) })
	t.Run("sockets", func(t *testing.T) {
		c := emutest.NewCloud(t, o)
		c.OnSockets()
		test(t, c)
	})
}

func TestFaultsOnTheWire(t *testing.T) {
	t.Parallel()
	type outcome struct {
		status int
		n      int // bytes of the body
		err    bool
	}
	healthy := outcome{status: 200, n: 100_000}
	for name, tt := range map[string]struct {
		fault emulator.Fault
		want  outcome
	}{
		"status":                {emulator.Fault{Kind: emulator.FaultStatus, Status: 503, Body: "busy"}, outcome{status: 503, n: 4}},
		"html":                  {emulator.Fault{Kind: emulator.FaultHTML, Status: 403}, outcome{status: 403, n: len(route.ErrorPage)}},
		"malformed":             {emulator.Fault{Kind: emulator.FaultMalformed}, outcome{status: 200, n: len(route.BrokenJSON)}},
		"cut at the start":      {emulator.Fault{Kind: emulator.FaultCutResponse}, outcome{status: 200, n: 0, err: true}},
		"cut in the middle":     {emulator.Fault{Kind: emulator.FaultCutResponse, After: 70_001}, outcome{status: 200, n: 70_001, err: true}},
		"cut beyond the end":    {emulator.Fault{Kind: emulator.FaultCutResponse, After: 1 << 40}, healthy},
		"truncated":             {emulator.Fault{Kind: emulator.FaultTruncate, After: 5000}, outcome{status: 200, n: 5000}},
		"truncated by half":     {emulator.Fault{Kind: emulator.FaultTruncate}, outcome{status: 200, n: 50_000}},
		"wrong length":          {emulator.Fault{Kind: emulator.FaultWrongLength}, outcome{status: 200, n: 100_000, err: true}},
		"short stall":           {emulator.Fault{Kind: emulator.FaultStall, Delay: time.Millisecond, After: 10}, healthy},
		"slow":                  {emulator.Fault{Kind: emulator.FaultSlow, Delay: time.Microsecond, After: 4000}, healthy},
		"kind of another route": {emulator.Fault{Kind: emulator.FaultItemCode}, healthy},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachNetwork(t, emulator.Options{Library: sample.Large(100_000)}, func(t *testing.T, c *emutest.Cloud) {
				url := c.SourceURL(c.GoPro.Library()[0].ID)
				tt.fault.Route = "cdn.get"
				c.Faults.Add(tt.fault)
				response, err := c.Call("GET", url, "")
				if err != nil {
					t.Fatal(err)
				}
				data, err := io.ReadAll(response.Body)
				if got := (outcome{response.StatusCode, len(data), err != nil}); got != tt.want {
					t.Errorf("%+v (%v), want %+v", got, err, tt.want)
				}
				if after, _ := c.Fetch("GET", url, ""); after.StatusCode != 200 {
					t.Errorf("the call after the fault: status %d", after.StatusCode)
				}
			})
		})
	}
}

func TestResets(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		kind emulator.FaultKind
		done bool // the work
	}{{emulator.FaultResetBefore, false}, {emulator.FaultResetAfter, true}, {emulator.FaultCutRequest, false}} {
		t.Run(string(tt.kind), func(t *testing.T) {
			t.Parallel()
			eachNetwork(t, emulator.Options{Library: sample.Many(1, 1)}, func(t *testing.T, c *emutest.Cloud) {
				id := c.GoPro.Library()[0].ID
				c.Faults.Add(emulator.Fault{Route: "gopro.update", Kind: tt.kind, After: 10})
				_, err := c.Call("PUT", c.API+"/media/"+id, `{"content_title":"Changed title"}`, c.SignedIn()...)
				if !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Fatalf("request: %v, want a dropped connection", err)
				}
				if done := c.GoPro.Library()[0].Title == "Changed title"; done != tt.done {
					t.Errorf("the work was done: %v, want %v", done, tt.done)
				}
				if e := c.Log.Entries("gopro.update"); len(e) != 1 || e[0].Status != 0 || e[0].Fault != tt.kind {
					t.Errorf("logged %+v", e)
				}
			})
		})
	}
}

func TestStallLastsUntilTheClientGivesUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := emutest.NewCloud(t, emulator.Options{Library: sample.Large(100_000)})
		url := c.SourceURL(c.GoPro.Library()[0].ID)
		c.Faults.Add(emulator.Fault{Route: "cdn.get", Kind: emulator.FaultStall, After: 1000})
		c.HTTP.Timeout = time.Hour
		response, err := c.Call("GET", url, "")
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(response.Body)
		if len(data) != 1000 || !os.IsTimeout(err) {
			t.Errorf("read %d bytes: %v, want 1000 and a timeout", len(data), err)
		}
	})
}

func TestRefusalsInTheWordsOfTheService(t *testing.T) {
	t.Parallel()
	c := emutest.NewCloud(t, emulator.Options{Library: sample.Large(100_000)})
	url := c.SourceURL(c.GoPro.Library()[0].ID)
	c.Faults.Add(
		emulator.Fault{Route: "cdn.get", Kind: emulator.FaultStatus, Status: 404, Header: map[string]string{"X-Test": "yes"}},
		emulator.Fault{Route: "gopro.search", Kind: emulator.FaultStatus, Status: 429, RetryAfter: "7"},
	)
	response, body := c.Fetch("GET", url, "")
	if response.StatusCode != 404 || !strings.Contains(body, "<Code>NoSuchKey</Code>") || response.Header.Get("X-Test") != "yes" {
		t.Errorf("cdn: %d %s", response.StatusCode, body)
	}
	response, body = c.Fetch("GET", c.API+"/media/search", "", c.SignedIn()...)
	if response.StatusCode != http.StatusTooManyRequests || response.Header.Get("Retry-After") != "7" ||
		body != `{"error":"too_many_requests"}` {
		t.Errorf("api: %d %s", response.StatusCode, body)
	}
	if n := c.Faults.Waiting(); n != 0 {
		t.Errorf("%d faults still wait", n)
	}
}

// TestAnsweredIsLogged looks for a request the moment its answer is there.
func TestAnsweredIsLogged(t *testing.T) {
	t.Parallel()
	for _, size := range []int64{1, 2000, 32 << 10, 96 << 10, 100_000} {
		eachNetwork(t, emulator.Options{Library: sample.Large(100_000)}, func(t *testing.T, c *emutest.Cloud) {
			url := c.SourceURL(c.GoPro.Library()[0].ID)
			for n := 1; n <= 50; n++ {
				c.Fetch("GET", url, "", "Range", fmt.Sprintf("bytes=0-%d", size-1))
				entries := c.Log.Entries("cdn.get")
				if len(entries) != n || entries[n-1].Out != size {
					t.Fatalf("answer %d of %d bytes: %d requests are logged", n, size, len(entries))
				}
			}
		})
	}
}

func TestLogHoldsNoCredential(t *testing.T) {
	t.Parallel()
	c := emutest.NewCloud(t, emulator.Options{Library: sample.Large(100_000)})
	token := c.GoPro.Token()
	id := c.GoPro.Library()[0].ID
	url := c.SourceURL(id)
	c.Fetch("GET", url, "", "Range", "bytes=5-")
	c.Fetch("GET", url, "", "Cookie", "gp_access_token="+token)
	c.Fetch("GET", c.API+"/media/x/zip/source?ids="+id+"&access_token="+token, "")
	c.Fetch("GET", c.API+"/nowhere", "")

	data, err := json.Marshal(c.Log.Entries(""))
	if err != nil {
		t.Fatal(err)
	}
	signature := url[strings.Index(url, "Signature=")+len("Signature="):]
	for _, secret := range []string{token, signature[:20]} {
		if strings.Contains(string(data), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
	entries := c.Log.Entries("cdn.get")
	if len(entries) != 2 || entries[0].Headers["Range"] != "bytes=5-" || entries[0].Status != 206 || entries[0].Out != 99_995 {
		t.Errorf("logged %+v", entries)
	}
	if leaks := c.Log.Leaks(); len(leaks) != 1 || leaks[0].Auth != "cookie" {
		t.Errorf("leaks: %+v, want the cookie", leaks)
	}
	if zip := c.Log.Entries("gopro.zip"); len(zip) != 1 || zip[0].Auth != "query" {
		t.Errorf("zip logged as %+v", zip)
	}
	if n := len(c.Log.Entries("[")) + c.Log.Count("["); n != 0 {
		t.Errorf("a broken pattern matched %d times", n)
	}
	c.Log.Clear()
	if c.Log.Count("") != 0 || len(c.Log.Entries("")) != 0 {
		t.Error("Clear left something")
	}
}
