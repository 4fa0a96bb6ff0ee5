package emulator_test

import (
	"errors"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/emulator/internal/emutest"
	"github.com/gondola-sync/gondola/emulator/sample"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestClientReachesNothingElse(t *testing.T) {
	t.Parallel()
	c := emutest.NewCloud(t, emulator.Options{})
	if _, err := c.Call("GET", "https://example.com/", ""); err == nil {
		t.Error("a host outside the emulated world answered")
	}
}

func TestClosedEmulatorRefuses(t *testing.T) {
	t.Parallel()
	c := emutest.NewCloud(t, emulator.Options{})
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Call("GET", c.API+"/media/user", ""); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("request after Close: %v, want a refused connection", err)
	}
	if _, err := c.Listen("127.0.0.1"); !errors.Is(err, emulator.ErrListening) {
		t.Errorf("Listen after Close: %v, want ErrListening", err)
	}
}

func TestListenOnce(t *testing.T) {
	t.Parallel()
	c := emutest.NewCloud(t, emulator.Options{})
	server := c.OnSockets()
	if _, err := c.Listen("127.0.0.1"); !errors.Is(err, emulator.ErrListening) {
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
	if _, err := c.Call("GET", server.GoProURL, ""); err == nil {
		t.Error("the server answers after Close")
	}
}

func TestListenOnImpossibleAddress(t *testing.T) {
	t.Parallel()
	c := emutest.NewCloud(t, emulator.Options{})
	if _, err := c.Listen("192.0.2.1"); err == nil {
		t.Error("listening on an address of nobody succeeded")
	}
}

func TestClockOnlyRunsForward(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Date(2026, 1, 8, 9, 0, 0, 0, time.FixedZone("", 3600))
		clock := startedAt(t, start)
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
		c := emutest.NewCloud(t, emulator.Options{Library: sample.Many(3, 1)})
		c.Faults.Add(emulator.Fault{Route: "gopro.user", Kind: emulator.FaultStall, Delay: time.Hour})
		began := time.Now()
		response, _ := c.Fetch("GET", c.API+"/media/user", "", c.SignedIn()...)
		if response.StatusCode != 200 || time.Since(began) != time.Hour {
			t.Errorf("status %d after %v, want 200 after an emulated hour", response.StatusCode, time.Since(began))
		}
	})
}

func startedAt(t *testing.T, start time.Time) *emulator.Clock {
	t.Helper()
	e, err := emulator.New(emulator.Options{Start: start})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e.Clock
}
