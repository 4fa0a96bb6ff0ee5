package auth

import (
	"context"
	_ "embed"
	"errors"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/gondola-sync/gondola/fault"
)

// Loopback logs in with a browser on this machine. Show is given the address
// of Google's page, to print it and to open it; the answer comes back through
// a listener on 127.0.0.1 that lives as long as the call.
//
// Refusal and no answer are faults of class Session with code [fault.Auth];
// missing scopes without which nothing works have code [fault.Scope].
func (l Login) Loopback(ctx context.Context, show func(authURL string) error) (*Result, error) {
	l = l.withDefaults()
	if err := l.Store.checkReplaceable(); err != nil {
		return nil, err
	}
	listener, redirect, err := l.Client.listen(ctx)
	if err != nil {
		return nil, err
	}
	a := l.begin(redirect.String())
	patient, cancel := l.patience(ctx)
	defer cancel()
	code, err := a.receive(patient, listener, redirect.Path, show)
	if err != nil {
		return nil, err
	}
	return a.finish(ctx, code)
}

// listen opens the listener that the redirect leads to.
func (c *Client) listen(ctx context.Context) (net.Listener, *url.URL, error) {
	redirect := &url.URL{Scheme: "http", Path: "/"}
	address := "127.0.0.1:0"
	if c.Web {
		registered, err := c.loopbackRedirect()
		if err != nil {
			return nil, nil, err
		}
		redirect = registered
		address = net.JoinHostPort("127.0.0.1", portOf(registered))
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, nil, &fault.Error{
			Class: fault.Session, Code: fault.Auth, Op: "listen on " + address + " for Google's answer", Err: err,
			Hint: "free the port, or log in without a local browser",
		}
	}
	if !c.Web { // any port will do
		redirect.Host = listener.Addr().String()
	}
	return listener, redirect, nil
}

// loopbackRedirect returns the registered redirect address that leads to this
// machine. Only a "Web application" needs one.
func (c *Client) loopbackRedirect() (*url.URL, error) {
	for _, raw := range c.RedirectURIs {
		u, err := url.Parse(raw)
		if err == nil && u.Scheme == "http" && isLoopback(u.Hostname()) {
			return u, nil
		}
	}
	return nil, &fault.Error{
		Class: fault.Session, Code: fault.Auth, Op: loginOp,
		Err:  errors.New("the OAuth client is a \"Web application\" without a redirect URI on http://localhost"),
		Hint: hintType,
	}
}

func portOf(u *url.URL) string {
	if port := u.Port(); port != "" {
		return port
	}
	return "80"
}

// receive shows the consent page and returns the code it sends back.
func (a *attempt) receive(ctx context.Context, listener net.Listener, path string, show func(string) error) (string, error) {
	if path == "" {
		path = "/"
	}
	answers := &receiver{path: path, state: a.state, answer: make(chan url.Values, 1)}
	server := &http.Server{
		Handler:           answers,
		ReadHeaderTimeout: 10 * time.Second,
		MaxHeaderBytes:    maxHeaderBytes,
	}
	server.SetKeepAlivesEnabled(false)
	var serving sync.WaitGroup
	served := make(chan error, 1)
	serving.Go(func() { served <- server.Serve(listener) })
	defer serving.Wait()
	defer closeGently(server)
	if err := show(a.url()); err != nil {
		return "", err
	}
	select {
	case values := <-answers.answer:
		return codeIn(values)
	case err := <-served:
		return "", &fault.Error{Class: fault.Session, Code: fault.Auth, Op: loginOp, Err: err}
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// closeGently lets an answer that is being written reach the browser.
func closeGently(server *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if server.Shutdown(ctx) != nil {
		server.Close()
	}
}

// receiver takes exactly one redirect that belongs to this login.
type receiver struct {
	path   string
	state  string
	once   sync.Once
	answer chan url.Values // holds one
}

//go:embed answered.html
var answeredPage []byte

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	header := w.Header()
	header.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cache-Control", "no-store")
	if req.URL.Path != r.path {
		http.NotFound(w, req)
		return
	}
	if req.Method != http.MethodGet {
		header.Set("Allow", http.MethodGet)
		http.Error(w, "Only GET is served here.", http.StatusMethodNotAllowed)
		return
	}
	values := req.URL.Query()
	if !sameState(values.Get("state"), r.state) || !values.Has("code") && !values.Has("error") {
		http.Error(w, "This address does not belong to the login under way.", http.StatusBadRequest)
		return
	}
	first := false
	r.once.Do(func() { first = true })
	if !first {
		http.Error(w, "This login has been answered already.", http.StatusGone)
		return
	}
	header.Set("Content-Type", "text/html; charset=utf-8")
	w.Write(answeredPage)
	r.answer <- values
}
