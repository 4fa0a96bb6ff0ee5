package transport

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"

	"golang.org/x/net/http/httpproxy"

	"github.com/gondola-sync/gondola/fault"
)

// VariableError is a variable of the environment that cannot be used as a
// proxy. It does not quote the value, which may hold a password.
type VariableError struct {
	Name string // such as HTTPS_PROXY
}

func (e *VariableError) Error() string {
	return fmt.Sprintf("the variable %s does not name a proxy that can be used", e.Name)
}

// RefusalError is the answer of a proxy that does not let a connection through.
type RefusalError struct {
	Proxy  string // host and port
	Status int
}

func (e *RefusalError) Error() string {
	return fmt.Sprintf("the proxy %s answers %d %s", e.Proxy, e.Status, http.StatusText(e.Status))
}

// refusedByProxy is called with the answer to each CONNECT.
func refusedByProxy(_ context.Context, proxy *url.URL, _ *http.Request, answer *http.Response) error {
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	return &RefusalError{Proxy: proxy.Host, Status: answer.StatusCode}
}

// setting is a variable and its value; both are "" if none is set.
type setting struct{ name, value string }

// proxies are the proxies that an environment names.
type proxies struct {
	byScheme map[string]setting           // by scheme of the target
	applies  func(*url.URL) (bool, error) // a proxy is to be asked, were one set for the scheme
}

// fromEnvironment reads the variables, in capitals or not, as curl does.
func fromEnvironment() proxies {
	config := httpproxy.FromEnvironment()
	all := firstSet("ALL_PROXY", "all_proxy")
	p := proxies{byScheme: map[string]setting{
		"https": cmp.Or(firstSet("HTTPS_PROXY", "https_proxy"), all),
		"http":  cmp.Or(firstSet("HTTP_PROXY", "http_proxy"), all),
	}}
	// Only which targets are exempt is asked of the library: it connects
	// directly where it cannot parse a proxy.
	const some = "http://proxy.invalid"
	config.HTTPSProxy, config.HTTPProxy = some, some
	find := config.ProxyFunc()
	p.applies = func(target *url.URL) (bool, error) {
		found, err := find(target)
		return found != nil, err
	}
	return p
}

func firstSet(names ...string) setting {
	for _, name := range names {
		if value := os.Getenv(name); value != "" {
			return setting{name, value}
		}
	}
	return setting{}
}

// find returns the proxy for a target, nil for none.
func (p proxies) find(target *url.URL) (*url.URL, error) {
	s := p.byScheme[target.Scheme]
	if s.value == "" {
		return nil, nil
	}
	if applies, err := p.applies(target); err != nil || !applies {
		return nil, err
	}
	proxy, ok := parse(s.value)
	if !ok {
		return nil, &VariableError{Name: s.name}
	}
	return proxy, nil
}

// parse reads SCHEME://USER:PASSWORD@HOST:PORT; http is the default scheme. It
// accepts nothing behind the port, which may be the rest of a password.
func parse(value string) (*url.URL, bool) {
	if !strings.Contains(value, "://") {
		value = "http://" + value
	}
	u, err := url.Parse(value)
	if err != nil || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return nil, false
	}
	switch strings.ToLower(u.Scheme) {
	case "http", "https", "socks5", "socks5h":
		u.Path = ""
		return u, !strings.Contains(value, "#")
	}
	return nil, false
}

// Check returns a fault that wraps a [*VariableError] if the proxy for an
// address cannot be used. Nothing is sent.
func Check(address string) error {
	target, err := url.Parse(address)
	if err != nil {
		return nil // the user of the address reports it
	}
	_, err = fromEnvironment().find(target)
	if _, ok := errors.AsType[*VariableError](err); !ok {
		return nil
	}
	f := &fault.Error{Op: "reach " + target.Host, Err: err}
	Judge(f)
	return f
}

// ProxyFor returns the host of the proxy for an address, "" for none.
func ProxyFor(target *url.URL) string {
	proxy, err := fromEnvironment().find(target)
	if err != nil || proxy == nil {
		return ""
	}
	return proxy.Host
}
