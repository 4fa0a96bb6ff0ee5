package auth

import (
	"crypto/subtle"
	"errors"
	"net/url"
	"strings"

	"github.com/gondola-sync/gondola/fault"
)

// maxPasted is the longest redirect address that is looked at, in bytes.
const maxPasted = 8 << 10

var (
	errNoCode     = errors.New("no authorization code in it")
	errWrongState = errors.New("it belongs to another login")
)

// parsePasted gets the authorization code out of what the user pasted: the
// address that Google's page led to, its query alone, or the bare code. The
// state is compared where there is one. Errors do not quote the text.
func parsePasted(text, state string) (code string, err error) {
	text = trimPasted(text)
	switch {
	case text == "":
		return "", unusable(errors.New("nothing was pasted"))
	case len(text) > maxPasted:
		return "", unusable(errors.New("it is too long"))
	case !strings.ContainsAny(text, "=?&"):
		return bareCode(text)
	}
	query := text
	if _, after, ok := strings.Cut(text, "?"); ok {
		query = after
	}
	query, _, _ = strings.Cut(query, "#")
	values, err := url.ParseQuery(query)
	if err != nil {
		return "", unusable(errors.New("it is damaged"))
	}
	if got := values.Get("state"); got != "" && !sameState(got, state) {
		return "", unusable(errWrongState)
	}
	return codeIn(values)
}

// codeIn returns the code of a redirect whose state has been checked.
func codeIn(values url.Values) (string, error) {
	if e := values.Get("error"); e != "" {
		return "", denied(e)
	}
	code := values.Get("code")
	if code == "" || strings.ContainsFunc(code, notInCode) {
		return "", unusable(errNoCode)
	}
	return code, nil
}

func bareCode(text string) (string, error) {
	code, err := url.PathUnescape(text) // copied from an address: 4%2F0…
	if err != nil || strings.Contains(code, "://") || strings.ContainsFunc(code, notInCode) {
		return "", unusable(errNoCode)
	}
	return code, nil
}

// notInCode reports characters that no code has: OAuth allows printable ASCII.
func notInCode(r rune) bool { return r <= ' ' || r > '~' }

func sameState(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

func unusable(why error) error {
	return &fault.Error{
		Class: fault.Session, Code: fault.Auth, Op: "read the pasted address", Err: why,
		Hint: loginHint + ", and paste the whole address of the page that the browser ends on, also if that page cannot be shown",
	}
}
