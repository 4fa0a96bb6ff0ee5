package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gondola-sync/gondola/internal/transport"
)

// Service is an endpoint that runs depend on.
type Service struct {
	Name string // for messages, such as "the GoPro API"
	URL  string // https, or http on loopback; any answer of the host will do
	// Optional says that a run may do without.
	Optional bool
}

// Endpoint checks that a service can be reached, step by step, without any
// credential.
func Endpoint(s Service) Check {
	return Check{"endpoint", func(ctx context.Context) []Finding { return []Finding{s.finding(probe(ctx, s.URL))} }}
}

func (s Service) finding(p visit) Finding {
	at := fmt.Sprintf("%s (%s)", s.Name, hostOf(s.URL))
	if p.err == nil && p.status < 500 {
		return Finding{Level: OK, What: fmt.Sprintf("%s answers after %v: %s", at, p.took.Round(time.Millisecond), strings.Join(p.steps(), ", "))}
	}
	f := Finding{Level: Problem, Why: "nothing can be carried without it"}
	if s.Optional {
		f.Level, f.Why = Warning, "what is carried most likely passes through it"
	}
	if p.err == nil {
		f.What, f.Remedy = fmt.Sprintf("%s answers with HTTP status %d", at, p.status), "it has trouble of its own: try again later"
		return f
	}
	f.What = fmt.Sprintf("%s cannot be reached: %s failed: %v", at, p.stage(), p.err)
	f.Remedy = p.remedy(s.URL)
	return f
}

// The steps of reaching a service, in order.
const (
	stepDNS = iota
	stepTCP
	stepTLS
	stepHTTP
)

var stepNames = [...]string{stepDNS: "DNS", stepTCP: "TCP", stepTLS: "TLS", stepHTTP: "HTTP"}

// visit is one request, taken apart.
type visit struct {
	done   [len(stepNames)]bool
	secure bool
	proxy  string // host of the proxy; "" for none
	status int
	date   time.Time // by the service's clock; zero if it does not say
	sent   time.Time
	took   time.Duration
	err    error
}

// steps are those that were taken.
func (p visit) steps() (names []string) {
	for step, name := range stepNames {
		if p.done[step] {
			names = append(names, name)
		}
	}
	if p.proxy != "" {
		names = append(names, "by the proxy "+p.proxy)
	}
	return names
}

// stage is the step that failed.
func (p visit) stage() string {
	switch {
	case !p.done[stepDNS]:
		return stepNames[stepDNS]
	case !p.done[stepTCP]:
		return stepNames[stepTCP]
	case p.secure && !p.done[stepTLS]:
		return stepNames[stepTLS]
	}
	return stepNames[stepHTTP]
}

func (p visit) remedy(raw string) string {
	if hint := transport.Hint(p.err); hint != "" {
		return hint
	}
	if p.proxy != "" {
		return "check the proxy " + p.proxy + " that HTTPS_PROXY or HTTP_PROXY names"
	}
	host := hostOf(raw)
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	switch p.stage() {
	case stepNames[stepDNS]:
		return "check the network and its name server: nslookup " + name
	case stepNames[stepTCP]:
		return "check the network and its firewall: curl -v " + raw
	case stepNames[stepTLS]:
		return "check whether something intercepts the connections of this machine: curl -v " + raw
	}
	return "try again later; if it stays, look closer: curl -v " + raw
}

// probe asks a service for its root and follows nowhere.
func probe(ctx context.Context, raw string) visit {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return visit{err: errors.New("the address cannot be read")}
	}
	p := visit{secure: u.Scheme == "https", proxy: transport.ProxyFor(u)}
	var done [len(stepNames)]atomic.Bool // dialling races addresses against each other
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		DNSDone:              func(i httptrace.DNSDoneInfo) { done[stepDNS].Store(i.Err == nil) },
		ConnectStart:         func(string, string) { done[stepDNS].Store(true) },
		ConnectDone:          func(_, _ string, err error) { done[stepTCP].CompareAndSwap(false, err == nil) },
		TLSHandshakeDone:     func(_ tls.ConnectionState, err error) { done[stepTLS].Store(err == nil) },
		GotFirstResponseByte: func() { done[stepHTTP].Store(true) },
	})
	once := transport.New()
	once.DisableKeepAlives = true
	client := http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     once,
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.Scheme+"://"+u.Host+"/", nil)
	if err != nil {
		return visit{err: errors.New("the address cannot be read")}
	}
	req.Header.Set("User-Agent", "gondola-doctor")
	p.sent = time.Now()
	resp, err := client.Do(req)
	p.took = time.Since(p.sent)
	if err == nil {
		p.status = resp.StatusCode
		p.date, _ = http.ParseTime(resp.Header.Get("Date"))
		resp.Body.Close()
	}
	p.err = withoutURL(err)
	for step := range done {
		p.done[step] = done[step].Load()
	}
	return p
}

func withoutURL(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return errors.New("no answer in time")
	}
	return err
}

func hostOf(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return "an address that cannot be read"
	}
	return u.Host
}
