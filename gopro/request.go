package gopro

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/jsonlimit"
	"github.com/gondola-sync/gondola/internal/retry"
	"github.com/gondola-sync/gondola/internal/transport"
)

const (
	// accept is mandatory: without it the API answers 406.
	accept = "application/vnd.gopro.jk.media+json; version=2.0.0"
	// apiTimeout bounds one API request with its answer.
	apiTimeout = time.Minute
	// maxAnswer bounds an answer of the API, in bytes. A page of a listing has
	// some hundred kilobytes.
	maxAnswer = 8 << 20
	// maxManifest bounds the manifest of a medium, which may have thousands of
	// frames.
	maxManifest = 32 << 20
	// longestRetryAfter bounds what a service may ask for.
	longestRetryAfter = 24 * time.Hour
)

// call is one request to the API, which may take several attempts.
type call struct {
	op    string // what it does, for errors
	path  string // below the root, starting without a slash
	query url.Values
	item  bool // it concerns one medium: a refusal is that medium's own
	image bool // it asks for a picture, at the thumbnail host
	limit int  // bytes of the answer; 0: maxAnswer
	// attempts are at most so many; 0: what the client's policy says
	attempts int
}

// answer is a successful one.
type answer struct {
	body []byte
	mime string
	date time.Time // by the clock of the service; zero if it does not say
}

// statusError is an answer other than success.
type statusError struct {
	status int
	text   string
}

func (e *statusError) Error() string {
	s := strconv.Itoa(e.status)
	if name := http.StatusText(e.status); name != "" {
		s += " " + name
	}
	if e.text != "" {
		s += " (" + e.text + ")"
	}
	return "the service answered " + s
}

func statusOf(err error) int {
	if e, ok := errors.AsType[*statusError](err); ok {
		return e.status
	}
	return 0
}

// get sends a call until decode takes its answer, it fails for good or the
// policy is exhausted.
func get[T any](ctx context.Context, c *Client, cl call, decode func(answer) (T, error)) (T, error) {
	var v T
	var seen failures
	policy := c.retry
	policy.Attempts = cmp.Or(cl.attempts, policy.Attempts)
	err := retry.Do(ctx, policy, func(ctx context.Context) error {
		a, err := c.attempt(ctx, cl, &seen)
		if err != nil {
			return err
		}
		if v, err = decode(a); err != nil {
			return protocolFault(cl.op, err)
		}
		return nil
	})
	return v, cl.reach(err)
}

// reach makes a fault of a call that is not about one medium reach as far as the
// call does: there is no item to blame.
func (cl call) reach(err error) error {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || cl.item || f.Class != fault.Item {
		return err
	}
	all := *f
	all.Class, all.Code = fault.Session, fault.Protocol
	return &all
}

// attempt sends a call once, and once more if the token has to be replaced.
func (c *Client) attempt(ctx context.Context, cl call, seen *failures) (answer, error) {
	token, err := c.auth.current(ctx)
	if err != nil {
		return answer{}, err
	}
	a, err := c.once(ctx, cl, token)
	if statusOf(err) == http.StatusInternalServerError {
		err = c.explain(ctx, cl, err, seen, token)
	}
	err = c.narrow(ctx, cl, err, token)
	if statusOf(err) != http.StatusUnauthorized || fault.ClassOf(err) == fault.Item {
		return a, err
	}
	if token, err = c.auth.replace(ctx, cl.op, token); err != nil {
		return answer{}, err
	}
	a, err = c.once(ctx, cl, token)
	return a, c.narrow(ctx, cl, err, token)
}

// accountCall asks for the account's own record: who is refused that is refused
// everything.
var accountCall = call{op: "check the GoPro account", path: "media/user"}

// answers reports whether the API says anything when it is asked for the
// account's own record.
func (c *Client) answers(ctx context.Context) bool {
	token, err := c.auth.current(ctx)
	if err == nil {
		_, err = c.once(ctx, accountCall, token)
	}
	return fault.CodeOf(err) != fault.Unreachable
}

// narrow finds out how far the refusal of one medium reaches, by asking once for
// the account's own record: if that is served, the refusal is the medium's own.
func (c *Client) narrow(ctx context.Context, cl call, err error, token string) error {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || !cl.item || f.Class != fault.Session || statusOf(err) == 0 {
		return err
	}
	_, check := c.once(ctx, accountCall, token)
	switch {
	case check == nil:
		return ownFault(f)
	case fault.ClassOf(check) == fault.Transient, statusOf(check) == http.StatusUnauthorized:
		return check
	}
	return err
}

// ownFault turns a fault that one medium met into one that is about nothing else.
func ownFault(f *fault.Error) *fault.Error {
	own := *f
	own.Class, own.Code, own.Hint, own.RetryAfter = fault.Item, fault.Protocol, "", 0
	switch status := statusOf(f); {
	case status == http.StatusGone:
		own.Code = fault.Gone
	case status >= 500:
		own.Code = fault.Server
	}
	own.Err = fmt.Errorf("%w to this medium alone: the account's own record is served", f.Err)
	return &own
}

// maxFailures is how many answers 500 about one medium are enough to give it up
// if the account's own record is served.
const maxFailures = 3

// failures are the answers 500 of one call.
type failures struct {
	count  int
	proven bool // that they are not about the token
}

// explain looks behind an answer 500 that repeats: the API has been seen to
// answer so to a dead token. If the account's own record is refused too, the
// token counts as rejected; if it is served, a medium that fails once more is
// given up.
func (c *Client) explain(ctx context.Context, cl call, err error, seen *failures, token string) error {
	if seen.count++; seen.count > 1 && !seen.proven {
		_, check := c.once(ctx, accountCall, token)
		switch status := statusOf(check); {
		case status == http.StatusUnauthorized,
			status == http.StatusInternalServerError && seen.count > 2:
			return &statusError{status: http.StatusUnauthorized}
		}
		seen.proven = check == nil
	}
	if f, ok := errors.AsType[*fault.Error](err); ok && cl.item && seen.proven && seen.count >= maxFailures {
		return ownFault(f)
	}
	return err
}

// once sends a call once, when the service has not asked to wait.
func (c *Client) once(ctx context.Context, cl call, token string) (answer, error) {
	if err := c.apiRecess.wait(ctx, c.retry.Obey, c.onWait); err != nil {
		return answer{}, err
	}
	a, err := c.send(ctx, cl, token)
	c.apiRecess.note(err)
	return a, err
}

func (c *Client) send(ctx context.Context, cl call, token string) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, apiTimeout)
	defer cancel()
	root := c.base
	if cl.image {
		root = c.images
	}
	u := root.JoinPath(cl.path)
	u.RawQuery = cl.query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return answer{}, &fault.Error{Class: fault.Session, Code: fault.Protocol, Op: cl.op, Err: errors.New("the address cannot be formed")}
	}
	req.Header.Set("Accept", accept)
	if cl.image {
		req.Header.Set("Accept", "image/*")
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("User-Agent", c.agent)
	start := time.Now()
	c.apiRequests.Add(1)
	resp, err := c.api.Do(req)
	if err != nil {
		return answer{}, netFault(ctx, cl.op, err)
	}
	defer resp.Body.Close()
	c.log.DebugContext(ctx, "gopro request", "op", cl.op, "status", resp.StatusCode, "took", time.Since(start))
	return read(ctx, cl, resp)
}

// read takes an answer apart.
func read(ctx context.Context, cl call, resp *http.Response) (answer, error) {
	if resp.StatusCode != http.StatusOK {
		head, _ := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
		return answer{}, statusFault(cl.op, resp, errorWord(resp, head))
	}
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if !cl.image && !strings.HasSuffix(kind, "json") || cl.image && !strings.HasPrefix(kind, "image/") {
		return answer{}, protocolFault(cl.op, fmt.Errorf("the service answered %q instead of what was asked for", kind))
	}
	limit := cmp.Or(cl.limit, maxAnswer)
	body, err := jsonlimit.Read(resp.Body, limit)
	if errors.Is(err, jsonlimit.ErrTooLarge) {
		return answer{}, &fault.Error{Class: fault.Item, Code: fault.Protocol, Op: cl.op,
			Err: fmt.Errorf("the answer is longer than %d MiB", limit>>20)}
	}
	if err != nil {
		return answer{}, netFault(ctx, cl.op, err)
	}
	date, _ := http.ParseTime(resp.Header.Get("Date"))
	return answer{body: body, mime: kind, date: date}, nil
}

// protocolFault is an answer that makes no sense, which may well be a passing
// state of something in between.
func protocolFault(op string, err error) *fault.Error {
	return &fault.Error{Class: fault.Transient, Code: fault.Protocol, Op: op, Err: err}
}

// netFault is a request without an answer. Errors of net/http repeat the
// address, which may be signed: only the cause is kept.
func netFault(ctx context.Context, op string, err error) error {
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.DeadlineExceeded) {
		return cause
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	if strings.Contains(err.Error(), "Location") { // which it would repeat
		err = errors.New("the answer is a redirect that cannot be followed")
	}
	f := &fault.Error{Op: op, Err: err}
	transport.Judge(f)
	return f
}

// statusFault says how far an answer other than success reaches.
func statusFault(op string, resp *http.Response, text string) *fault.Error {
	f := &fault.Error{
		Class:      fault.Item,
		Code:       fault.Protocol,
		Op:         op,
		Err:        &statusError{resp.StatusCode, text},
		RetryAfter: retryAfter(resp),
	}
	switch status := resp.StatusCode; {
	case status == http.StatusUnauthorized:
		f.Class, f.Code, f.Hint = fault.Session, fault.Auth, signInHint
	case status == http.StatusForbidden && isHTML(resp):
		f.Class, f.Code = fault.Transient, fault.Rate
		f.Hint = "GoPro's front door turns this network away: wait some minutes, or use another network"
	case status == http.StatusForbidden:
		f.Class, f.Code, f.Hint = fault.Session, fault.Scope, signInHint
	case status == http.StatusProxyAuthRequired:
		f.Class, f.Code, f.Hint = fault.Session, fault.Unreachable, transport.HintProxyLogin
	case status == http.StatusNotFound:
		f.Code = fault.Gone
	case status == http.StatusNotAcceptable, status == http.StatusGone, status == http.StatusUnsupportedMediaType, status < 400:
		f.Class = fault.Session
		f.Hint = "the GoPro API has changed: check for a newer version of gondola"
	case status == http.StatusTooManyRequests:
		f.Class, f.Code = fault.Transient, fault.Rate
	case status >= 500, status == http.StatusRequestTimeout, status == http.StatusTooEarly:
		f.Class, f.Code = fault.Transient, fault.Server
	}
	return f
}

func isHTML(resp *http.Response) bool {
	return strings.HasPrefix(strings.ToLower(resp.Header.Get("Content-Type")), "text/html")
}

// retryAfter reads the header of that name: seconds, or a date. Dates are taken
// relative to the service's own clock.
func retryAfter(resp *http.Response) time.Duration {
	value := strings.TrimSpace(resp.Header.Get("Retry-After"))
	var wait time.Duration
	if seconds, err := strconv.ParseUint(value, 10, 32); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(value); err == nil {
		now, err := http.ParseTime(resp.Header.Get("Date"))
		if err != nil {
			now = time.Now()
		}
		wait = at.Sub(now)
	}
	return min(max(wait, 0), longestRetryAfter)
}

var plainWord = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_ -]{0,63}$`)

// word returns s if it is a plain word or a few, which cannot hide a secret.
func word(s string) string {
	if plainWord.MatchString(s) {
		return s
	}
	return ""
}

// errorWord returns the error code in the body of an answer, if there is one.
func errorWord(resp *http.Response, body []byte) string {
	if isHTML(resp) {
		return "a web page"
	}
	return word(decoded(body).text("error"))
}
