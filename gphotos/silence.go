package gphotos

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/gondola-sync/gondola/internal/jsonlimit"
)

// maxRefusal is how much of an answer that refuses is read, in bytes.
const maxRefusal = 256 << 10

// silence takes the credentials of a request out of an answer that refuses it:
// what a service says of a failure is printed, logged and stored.
func silence(resp *http.Response, token string, at *url.URL) {
	if resp.StatusCode/100 == 2 {
		return
	}
	secrets := []string{token}
	for _, values := range at.Query() {
		secrets = append(secrets, values...)
	}
	said, err := jsonlimit.Read(resp.Body, maxRefusal)
	rest := io.Reader(bytes.NewReader(withoutSecrets(said, secrets...)))
	if err != nil && !errors.Is(err, jsonlimit.ErrTooLarge) {
		rest = io.MultiReader(rest, failing{err})
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{rest, resp.Body}
	resp.ContentLength = -1
	resp.Header.Del("Content-Length")
}

// failing is a reader that fails.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// leastSecret is the length from which a text can be a secret: what is shorter
// would be found in ordinary words.
const leastSecret = 12

// withoutSecrets returns what a service said of a failure without the secrets,
// whether they stand in it as they are, in a URL or in JSON.
func withoutSecrets(said []byte, secrets ...string) []byte {
	if bytes.IndexByte(said, '\\') >= 0 {
		said = []byte(unescaped.Replace(string(said)))
	}
	for _, s := range secrets {
		if len(s) >= leastSecret {
			said = without(said, s)
			said = without(said, url.QueryEscape(s))
		}
	}
	return said
}

func without(said []byte, secret string) []byte {
	if !bytes.Contains(said, []byte(secret)) {
		return said // not copied: there may be many secrets
	}
	return bytes.ReplaceAll(said, []byte(secret), []byte("…"))
}

// unescaped writes what tokens are made of as it is: careful encoders of JSON
// escape what is dangerous in a web page.
var unescaped = strings.NewReplacer(`\u003d`, "=", `\u002b`, "+", `\u0026`, "&", `\/`, "/")
