package cdn

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// KeyPair names the key that URLs are signed with.
const KeyPair = "KEMULATOR0000"

const saltLength = 12 // characters

// Signer signs URLs with a key of its own.
type Signer struct{ key [32]byte }

// NewSigner returns a signer with a random key.
func NewSigner() *Signer {
	s := &Signer{}
	_, _ = rand.Read(s.key[:]) // never fails
	return s
}

// MAC authenticates a text.
func (s *Signer) MAC(text string) []byte {
	mac := hmac.New(sha256.New, s.key[:])
	mac.Write([]byte(text))
	return mac.Sum(nil)
}

// URL returns a URL under base that lets a method reach a path until it expires,
// and saves the answer under a name. No two are alike.
func (s *Signer) URL(method, base, path, name string, expires time.Time) string {
	query := fmt.Sprintf("response-content-disposition=%s&Expires=%d",
		strings.ReplaceAll(url.QueryEscape("attachment; filename="+dispositionName(name)), "+", "%20"), expires.Unix())
	random := make([]byte, saltLength*3/4)
	_, _ = rand.Read(random) // never fails
	salt := base64.RawURLEncoding.EncodeToString(random)
	return base + path + "?" + query + "&Signature=" + salt + s.signature(method, path, query, salt) + "&Key-Pair-Id=" + KeyPair
}

// dispositionName is a file name as a header can carry it.
func dispositionName(name string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '"' || r == '\\' {
			return '_'
		}
		return r
	}, name)
}

func (s *Signer) signature(method, path, query, salt string) string {
	return base64.RawURLEncoding.EncodeToString(s.MAC(strings.Join([]string{"cdn", method, path, query, salt}, "\n")))
}

// Verify reports whether the URL of a request was signed for its method, byte for
// byte, and has not expired.
func (s *Signer) Verify(r *http.Request, now time.Time) bool {
	query, rest, ok := strings.Cut(r.URL.RawQuery, "&Signature=")
	if !ok {
		return false
	}
	signature, ok := strings.CutSuffix(rest, "&Key-Pair-Id="+KeyPair)
	if !ok || len(signature) < saltLength {
		return false
	}
	want := s.signature(r.Method, r.URL.EscapedPath(), query, signature[:saltLength])
	if !hmac.Equal([]byte(signature[saltLength:]), []byte(want)) {
		return false
	}
	expires, err := strconv.ParseInt(r.URL.Query().Get("Expires"), 10, 64)
	return err == nil && now.Before(time.Unix(expires, 0))
}
