package transport_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/transport"
)

// clearProxies unsets all variables.
func clearProxies(t *testing.T) {
	t.Helper()
	for _, name := range []string{"HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "REQUEST_METHOD"} {
		t.Setenv(name, "")
		t.Setenv(strings.ToLower(name), "")
	}
}

// get sends a request and returns the fault that its error makes.
func get(t *testing.T, tr *http.Transport, address string) (int, *fault.Error) {
	t.Helper()
	defer tr.CloseIdleConnections()
	client := http.Client{Transport: tr, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Get(address)
	if err == nil {
		resp.Body.Close()
		return resp.StatusCode, nil
	}
	f := &fault.Error{Op: "get", Err: err}
	transport.Judge(f)
	return 0, f
}

// noDial fails the test if the transport connects to anything.
func noDial(t *testing.T, tr *http.Transport) *http.Transport {
	tr.DialContext = func(_ context.Context, _, address string) (net.Conn, error) {
		t.Errorf("connected to %s", address)
		return nil, errors.New("no connection in this test")
	}
	return tr
}

func TestUnusableProxyIsNeverPassedBy(t *testing.T) {
	const target = "https://api.example/"
	for _, value := range []string{
		"http://user:Se%cret@proxy.example:3128", // the password has a % that is not encoded
		"http://user:Se#cret@proxy.example:3128",
		"http://user:Se/cret@proxy.example:3128",
		"http://user:Se?cret@proxy.example:3128",
		"http://user:12/cret@proxy.example:3128",
		"user:Se%cret@proxy.example:3128",
		"http://user:Secret@",
		"http://",
		"http:/cret.example:3128",
		"http://proxy.example:port",
		"socks4://cret.example:1080",
		"ftp://cret.example",
		"http://proxy.example:3128/cret",
	} {
		for _, name := range []string{"HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"} {
			t.Run(name+"="+value, func(t *testing.T) {
				clearProxies(t)
				t.Setenv(name, value)
				_, f := get(t, noDial(t, transport.New()), target)
				for _, err := range []error{f, transport.Check(target)} {
					e, ok := errors.AsType[*transport.VariableError](err)
					if !ok || e.Name != name || fault.ClassOf(err) != fault.Session || fault.HintOf(err) == "" {
						t.Fatalf("%v, want a final fault of the variable %s", err, name)
					}
					if text := e.Error() + fault.HintOf(err); strings.Contains(text, "cret") {
						t.Errorf("the value is quoted: %s", text)
					}
				}
			})
		}
	}
}

func TestExemptTargetsNeedNoProxy(t *testing.T) {
	clearProxies(t)
	t.Setenv("HTTPS_PROXY", "http://user:Se%cret@proxy.example:3128")
	t.Setenv("HTTP_PROXY", "http://user:Se%cret@proxy.example:3128")
	t.Setenv("NO_PROXY", ".internal.example")
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	if status, f := get(t, transport.New(), s.URL); status != http.StatusNotFound {
		t.Errorf("a server of this machine: %d, %v", status, f)
	}
	for _, address := range []string{"https://a.internal.example/", "https://localhost/", "https://127.0.0.1/"} {
		if err := transport.Check(address); err != nil {
			t.Errorf("Check(%s) = %v", address, err)
		}
	}
	if err := transport.Check("https://other.example"); err == nil {
		t.Error("another address is exempt too")
	}
}

func TestUsableProxies(t *testing.T) {
	for _, tc := range []struct {
		env  map[string]string
		want string // for https://api.example
	}{
		{nil, ""},
		{map[string]string{"HTTPS_PROXY": "http://user:Se%25cret@proxy.example:3128"}, "proxy.example:3128"},
		{map[string]string{"HTTPS_PROXY": "http://proxy.example:3128/"}, "proxy.example:3128"},
		{map[string]string{"https_proxy": "proxy.example:3128"}, "proxy.example:3128"},
		{map[string]string{"HTTPS_PROXY": "https://[::1]:3128"}, "[::1]:3128"},
		{map[string]string{"HTTPS_PROXY": "socks5h://proxy.example:1080"}, "proxy.example:1080"},
		{map[string]string{"ALL_PROXY": "socks5://all.example:1080"}, "all.example:1080"},
		{map[string]string{"ALL_PROXY": "socks4://unusable.example", "HTTPS_PROXY": "http://proxy.example:1"}, "proxy.example:1"},
		{map[string]string{"HTTP_PROXY": "http://other.example:1"}, ""},
		{map[string]string{"HTTPS_PROXY": "http://proxy.example:1", "NO_PROXY": "api.example"}, ""},
	} {
		clearProxies(t)
		for name, value := range tc.env {
			t.Setenv(name, value)
		}
		if got := transport.ProxyFor(&url.URL{Scheme: "https", Host: "api.example"}); got != tc.want {
			t.Errorf("%v: proxy %q, want %q", tc.env, got, tc.want)
		}
	}
}

func TestProxyThatRefuses(t *testing.T) {
	for status, want := range map[int]struct {
		class fault.Class
		hint  string
	}{
		407: {fault.Session, "user and password in HTTPS_PROXY"},
		403: {fault.Session, "let this machine through"},
		405: {fault.Session, "let this machine through"},
		502: {fault.Transient, ""},
		503: {fault.Transient, ""},
		429: {fault.Transient, ""},
	} {
		proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodConnect {
				t.Errorf("the proxy was asked to %s", r.Method)
			}
			w.WriteHeader(status)
		}))
		defer proxy.Close()
		clearProxies(t)
		t.Setenv("HTTPS_PROXY", strings.Replace(proxy.URL, "//", "//user:hush@", 1))
		_, f := get(t, transport.New(), "https://api.example/")
		if f == nil || f.Class != want.class || !strings.Contains(f.Hint, want.hint) || (f.Hint == "") != (want.hint == "") {
			t.Errorf("status %d: %+v, want %s and %q", status, f, want.class, want.hint)
			continue
		}
		e, ok := errors.AsType[*transport.RefusalError](f)
		if !ok || e.Status != status || strings.Contains(f.Error(), "hush") {
			t.Errorf("status %d: %v", status, f)
		}
	}
}

// certificate returns one that is signed by itself.
func certificate(t *testing.T, host string, until time.Time) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: until.Add(-time.Hour), NotAfter: until, IsCA: true, BasicConstraintsValid: true,
		DNSNames: []string{host},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func TestCertificatesAreFinal(t *testing.T) {
	clearProxies(t)
	const host = "api.example"
	for _, tc := range []struct {
		name, host, hint string
		until            time.Time
		trusted          bool
	}{
		{"unknown authority", host, "system's list", time.Now().Add(time.Hour), false},
		{"another host", "portal.example", "system's list", time.Now().Add(time.Hour), true},
		{"expired", host, "clock", time.Now().Add(-time.Minute), true},
		{"sound", host, "", time.Now().Add(time.Hour), true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cert := certificate(t, tc.host, tc.until)
			s := httptest.NewUnstartedServer(http.NotFoundHandler())
			s.Config.ErrorLog = log.New(io.Discard, "", 0)
			s.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
			s.StartTLS()
			defer s.Close()
			tr := transport.New()
			tr.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, network, s.Listener.Addr().String())
			}
			tr.TLSClientConfig = &tls.Config{RootCAs: x509.NewCertPool()}
			if tc.trusted {
				tr.TLSClientConfig.RootCAs.AddCert(cert.Leaf)
			}
			status, f := get(t, tr, "https://"+host+"/")
			if tc.hint == "" {
				if status != http.StatusNotFound {
					t.Errorf("%d, %v, want an answer", status, f)
				}
				return
			}
			if f == nil || f.Class != fault.Session || f.Code != fault.Unreachable || !strings.Contains(f.Hint, tc.hint) {
				t.Errorf("%+v, want a final fault with a hint about the %s", f, tc.hint)
			}
		})
	}
}

func TestServerInTheClearIsFinal(t *testing.T) {
	clearProxies(t)
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	_, f := get(t, transport.New(), strings.Replace(s.URL, "http:", "https:", 1))
	if f == nil || f.Class != fault.Session || !strings.Contains(f.Hint, "TLS") {
		t.Errorf("%+v, want a final fault about TLS", f)
	}
}

func TestOtherFailuresAreTransient(t *testing.T) {
	clearProxies(t)
	deaf := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer deaf.Close()
	for _, address := range []string{"http://127.0.0.1:1/", deaf.URL} {
		if _, f := get(t, transport.New(), address); f == nil || f.Class != fault.Transient || f.Code != fault.Unreachable || f.Hint != "" {
			t.Errorf("%s: %+v, want a transient fault", address, f)
		}
	}
}
