package state

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strings"
)

// maxAlbumKey is the longest escaped title, in bytes, that stands in a key
// itself: some stores index no more than 2,700 bytes.
const maxAlbumKey = 512

// AlbumKey is the key of an album in the ledger, distinguished from the keys of items by
// its two fields: "album/" and the title, path-escaped, or "album~/" and a digest
// if the title is long. The entry's DestinationID is the album's id; it is empty
// while the creation of the album has begun and its outcome is not known.
func AlbumKey(title string) string {
	if escaped := url.PathEscape(title); len(escaped) <= maxAlbumKey {
		return "album/" + escaped
	}
	return "album~/" + digest(title)
}

// SourceAlbumKey is the key, in the ledger, of what an album of a source is at the
// destination: what the entry says is the engine's business. The owner distinguishes the
// album from those of all sources.
func SourceAlbumKey(owner string) string {
	return "source-album/" + digest(owner)
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

const accountLock = "gondola-account-"

// AccountLock is what to [Backend.Lock] while an account is written to, so that
// processes write to it one at a time and do not both create an album. It stands
// beside the sessions and is none.
func AccountLock(account string) string {
	return accountLock + digest(account)[:16]
}

// IsAccountLock reports whether what is locked is an account, and no session.
func IsAccountLock(name string) bool { return strings.HasPrefix(name, accountLock) }

// Keys of an account in the ledger, distinguished from those of items by their two fields.
// What the entries say is the engine's business.
const (
	WritesKey  = "account/writes"  // the account's recent writes, and who makes them
	RequestKey = "account/request" // the latest process that waits for its turn to write
)
