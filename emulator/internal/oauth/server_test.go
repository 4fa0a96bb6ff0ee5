package oauth

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"testing"
)

func TestVerifierMustBeWellFormed(t *testing.T) {
	for _, v := range []string{"short", strings.Repeat("a", 42), strings.Repeat("a", 129), strings.Repeat("a", 43) + "ä", strings.Repeat("a b", 20)} {
		c := consent{challenge: s256(v), method: "S256"}
		if c.verify(v) == nil {
			t.Errorf("%q passes", v)
		}
	}
	for _, v := range []string{strings.Repeat("a", 43), strings.Repeat("~", 128)} {
		c := consent{challenge: s256(v), method: "S256"}
		if err := c.verify(v); err != nil {
			t.Errorf("%q: %v", v, err)
		}
	}
}

func s256(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
