package gphotos

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// maxRefusal is how much of an answer that refuses is read, in bytes.
const maxRefusal = 1 << 20

// silence takes the credentials of a request out of an answer that refuses it:
// what a service says of a failure is told to people, logged and stored.
func silence(resp *http.Response, token string, at *url.URL) {
	if resp.StatusCode/100 == 2 {
		return
	}
	secrets := []string{token}
	for _, values := range at.Query() {
		secrets = append(secrets, values...)
	}
	said, err := io.ReadAll(io.LimitReader(resp.Body, maxRefusal))
	rest := io.Reader(bytes.NewReader(withoutSecrets(said, secrets...)))
	if err != nil {
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
	said = []byte(unescaped.Replace(string(said)))
	for _, s := range secrets {
		if len(s) >= leastSecret {
			said = bytes.ReplaceAll(said, []byte(s), []byte("…"))
			said = bytes.ReplaceAll(said, []byte(url.QueryEscape(s)), []byte("…"))
		}
	}
	return said
}

// unescaped writes what tokens are made of as it is: careful encoders of JSON
// escape what is dangerous in a web page.
var unescaped = strings.NewReplacer(`\u003d`, "=", `\u002b`, "+", `\u0026`, "&", `\/`, "/")
