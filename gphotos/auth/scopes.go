package auth

import (
	"slices"
	"strings"
)

// The scopes of the Google Photos Library API that are still granted.
const (
	scopePrefix = "https://www.googleapis.com/auth/"

	// ScopeAppend allows uploading and creating items and albums, not reading.
	ScopeAppend = scopePrefix + "photoslibrary.appendonly"
	// ScopeReadCreated allows reading what this project's clients created.
	ScopeReadCreated = scopePrefix + "photoslibrary.readonly.appcreateddata"
	// ScopeEditCreated allows editing what this project's clients created and
	// adding it to albums.
	ScopeEditCreated = scopePrefix + "photoslibrary.edit.appcreateddata"
)

// DefaultScopes returns the scopes Gondola asks for: all three.
func DefaultScopes() []string {
	return []string{ScopeAppend, ScopeReadCreated, ScopeEditCreated}
}

// MissingScopes returns those of asked that are not among granted, in the
// order of asked.
func MissingScopes(asked, granted []string) []string {
	var missing []string
	for _, scope := range asked {
		if !slices.Contains(granted, scope) {
			missing = append(missing, scope)
		}
	}
	return missing
}

// shortScopes names scopes as the Google Cloud console shows them.
func shortScopes(scopes []string) string {
	short := make([]string, len(scopes))
	for i, scope := range scopes {
		short[i] = strings.TrimPrefix(scope, scopePrefix)
	}
	return strings.Join(short, ", ")
}
