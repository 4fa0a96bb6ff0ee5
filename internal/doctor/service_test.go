package doctor

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/emulator"
)

// services starts the emulator and returns where it is.
func services(t *testing.T) (*emulator.Emulator, []Service) {
	t.Helper()
	e, err := emulator.New(emulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	s, err := e.Listen("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	return e, []Service{{Name: "the GoPro API", URL: s.GoProURL}, {Name: "Google Photos", URL: s.PhotosURL}}
}

func TestClock(t *testing.T) {
	e, both := services(t)
	check := func(ahead time.Duration) Finding {
		return only(t, Clock(both, func() time.Time { return e.Clock.Now().Add(ahead) }).Run(t.Context()))
	}
	for _, tc := range []struct {
		ahead time.Duration // of this clock
		level Level
		says  string
	}{
		{0, OK, "right by "},
		{20 * time.Second, Note, "ahead of"},
		{-20 * time.Second, Note, "behind"},
		{2 * time.Minute, Warning, "2m"},
		{time.Hour, Problem, "1h0m"},
		{-25 * time.Hour, Problem, "behind"},
	} {
		f := check(tc.ahead)
		if f.Level != tc.level || !strings.Contains(f.What, tc.says) || f.Level != OK && f.Why == "" || f.Level == Problem && f.Remedy == "" {
			t.Errorf("%v ahead: %+v", tc.ahead, f)
		}
	}
	e.Clock.Advance(3 * time.Hour) // and one that the services themselves run away from
	if f := only(t, Clock(both, nil).Run(t.Context())); f.Level != Problem || !strings.Contains(f.What, "behind") {
		t.Errorf("services three hours ahead: %+v", f)
	}
	if len(e.Log.Leaks()) > 0 || e.Log.Entries("")[0].Auth != "" {
		t.Error("the clock was asked for with a credential")
	}
}

func TestEndpointNamesTheStepThatFails(t *testing.T) {
	_, both := services(t)
	if f := only(t, Endpoint(both[0]).Run(t.Context())); f.Level != OK || !strings.Contains(f.What, "DNS, TCP, HTTP") {
		t.Errorf("a service that answers: %+v", f)
	}
	const nobody = "http://127.0.0.1:1"
	deaf := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	t.Cleanup(deaf.Close)
	ill := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) }))
	t.Cleanup(ill.Close)
	selfSigned := httptest.NewTLSServer(http.NotFoundHandler())
	selfSigned.Config.ErrorLog = nil
	t.Cleanup(selfSigned.Close)
	elsewhere := httptest.NewServer(http.RedirectHandler("http://192.0.2.1/", http.StatusFound))
	t.Cleanup(elsewhere.Close)
	for _, tc := range []struct {
		name, url string
		level     Level
		says      string
	}{
		{"no such name", "https://gondola.invalid", Problem, "DNS failed"},
		{"nobody listens", nobody, Problem, "TCP failed"},
		{"unknown certificate", selfSigned.URL, Problem, "TLS failed"},
		{"no answer", deaf.URL, Problem, "HTTP failed"},
		{"trouble of its own", ill.URL, Problem, "status 502"},
		{"a redirect is an answer", elsewhere.URL, OK, "HTTP"},
	} {
		f := only(t, Endpoint(Service{Name: tc.name, URL: tc.url}).Run(t.Context()))
		if f.Level != tc.level || !strings.Contains(f.What, tc.says) || f.Level == Problem && f.Remedy == "" {
			t.Errorf("%s: %+v", tc.name, f)
		}
	}
	if f := only(t, Endpoint(Service{Name: "the CDN", URL: nobody, Optional: true}).Run(t.Context())); f.Level != Warning {
		t.Errorf("an optional service: %+v", f)
	}
	if f := only(t, Clock([]Service{{URL: nobody}}, nil).Run(t.Context())); f.Level != Note {
		t.Errorf("a clock that nobody could be asked for: %+v", f)
	}
}
