package emulator

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/gondola-sync/gondola/emulator/sample"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// cloud is an emulator and a client of its GoPro half.
type cloud struct {
	*Emulator
	t      *testing.T
	client *http.Client
	api    string
}

func newCloud(t *testing.T, o Options) *cloud {
	t.Helper()
	e, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return &cloud{Emulator: e, t: t, client: e.Client(), api: "https://api.gopro.com"}
}

// call makes a request with the headers given in pairs. Its body is closed when
// the test ends.
func (c *cloud) call(method, url, body string, headers ...string) (*http.Response, error) {
	c.t.Helper()
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	r, err := http.NewRequestWithContext(c.t.Context(), method, url, content)
	if err != nil {
		c.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := c.client.Do(r)
	if err == nil {
		c.t.Cleanup(func() { _ = response.Body.Close() })
	}
	return response, err
}

// fetch makes a request that must be answered, and reads the answer.
func (c *cloud) fetch(method, url, body string, headers ...string) (*http.Response, string) {
	c.t.Helper()
	response, err := c.call(method, url, body, headers...)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, url, err)
	}
	data, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, url, err)
	}
	return response, string(data)
}

// onSockets lets the client reach the emulator over TCP.
func (c *cloud) onSockets() *Server {
	c.t.Helper()
	server, err := c.Listen("127.0.0.1")
	if err != nil {
		c.t.Fatal(err)
	}
	transport := &http.Transport{}
	c.t.Cleanup(transport.CloseIdleConnections)
	c.client, c.api = &http.Client{Transport: transport}, server.GoProURL
	return server
}

func TestClientReachesNothingElse(t *testing.T) {
	t.Parallel()
	c := newCloud(t, Options{})
	if _, err := c.call("GET", "https://example.com/", ""); err == nil {
		t.Error("a host outside the emulated world answered")
	}
}

func TestClosedEmulatorRefuses(t *testing.T) {
	t.Parallel()
	c := newCloud(t, Options{})
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.call("GET", c.api+"/media/user", ""); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("request after Close: %v, want a refused connection", err)
	}
	if _, err := c.Listen("127.0.0.1"); !errors.Is(err, ErrListening) {
		t.Errorf("Listen after Close: %v, want ErrListening", err)
	}
}

func TestListenOnce(t *testing.T) {
	t.Parallel()
	c := newCloud(t, Options{})
	server := c.onSockets()
	if _, err := c.Listen("127.0.0.1"); !errors.Is(err, ErrListening) {
		t.Errorf("second Listen: %v, want ErrListening", err)
	}
	seen := map[string]bool{}
	for _, url := range []string{server.GoProURL, server.CDNURL, server.PhotosURL, server.BytesURL, server.ControlURL} {
		if !strings.HasPrefix(url, "http://127.0.0.1:") || seen[url] {
			t.Errorf("URL %q is not on loopback or not its own", url)
		}
		seen[url] = true
	}
	if err := server.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := c.call("GET", server.GoProURL, ""); err == nil {
		t.Error("the server answers after Close")
	}
}

func TestListenOnImpossibleAddress(t *testing.T) {
	t.Parallel()
	c := newCloud(t, Options{})
	if _, err := c.Listen("192.0.2.1"); err == nil {
		t.Error("listening on an address of nobody succeeded")
	}
}

func TestClockOnlyRunsForward(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Date(2026, 1, 8, 9, 0, 0, 0, time.FixedZone("", 3600))
		clock := newClock(start)
		clock.Advance(time.Hour)
		clock.Advance(-24 * time.Hour)
		time.Sleep(time.Minute)
		if got, want := clock.Now(), start.Add(time.Hour+time.Minute); !got.Equal(want) || got.Location() != time.UTC {
			t.Errorf("clock shows %v, want %v in UTC", got, want)
		}
	})
}

func TestWorksInABubble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCloud(t, Options{Library: sample.Many(3, 1)})
		c.Faults.Add(Fault{Route: "gopro.user", Kind: FaultStall, Delay: time.Hour})
		began := time.Now()
		response, _ := c.fetch("GET", c.api+"/media/user", "", c.signedIn()...)
		if response.StatusCode != 200 || time.Since(began) != time.Hour {
			t.Errorf("status %d after %v, want 200 after an emulated hour", response.StatusCode, time.Since(began))
		}
	})
}

const vendorJSON = "application/vnd.gopro.jk.media+json; version=2.0.0"

// signedIn are the headers of a client that does everything right.
func (c *cloud) signedIn() []string {
	return []string{"Accept", vendorJSON, "Authorization", "Bearer " + c.GoPro.Token()}
}
