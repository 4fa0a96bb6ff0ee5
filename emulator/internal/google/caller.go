package google

import (
	"crypto/rand"
	"encoding/base64"
	"slices"
)

// ScopePrefix begins the scopes of Google's services.
const ScopePrefix = "https://www.googleapis.com/auth/"

// Scopes of the Library API that still work.
const (
	ScopeAppend = ScopePrefix + "photoslibrary.appendonly"
	ScopeRead   = ScopePrefix + "photoslibrary.readonly.appcreateddata"
	ScopeEdit   = ScopePrefix + "photoslibrary.edit.appcreateddata"
)

// Caller is who makes an API call: a user through a project's client.
type Caller struct {
	User, Project string
	Grant         string
	Scopes        []string
}

// Same reports whether another caller sees what this one has made.
func (c Caller) Same(o Caller) bool { return c.User == o.User && c.Project == o.Project }

// May reports whether the caller has one of the scopes.
func (c Caller) May(scopes ...string) bool {
	return slices.ContainsFunc(scopes, func(s string) bool { return slices.Contains(c.Scopes, s) })
}

// Opaque is a random URL-safe text of n characters.
func Opaque(n int) string {
	b := make([]byte, (n*3+3)/4)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)[:n]
}
