package state

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
)

// maxAlbumKey is the longest escaped title, in bytes, that stands in a key
// itself: some stores index no more than 2,700 bytes.
const maxAlbumKey = 512

// AlbumKey is the key of an album in the ledger, told from the keys of items by
// its two fields: "album/" and the title, path-escaped, or "album~/" and a digest
// if the title is long. The entry's DestinationID is the album's id; it is empty
// while the creation of the album has begun and its outcome is not known.
func AlbumKey(title string) string {
	if escaped := url.PathEscape(title); len(escaped) <= maxAlbumKey {
		return "album/" + escaped
	}
	sum := sha256.Sum256([]byte(title))
	return "album~/" + hex.EncodeToString(sum[:])
}

// AlbumLock is what to [Backend.Lock] while an album of an account is looked up
// and created, so that two processes do not create it both. It stands beside the
// sessions and is none.
func AlbumLock(account string) string {
	sum := sha256.Sum256([]byte(account))
	return "gondola-albums-" + hex.EncodeToString(sum[:8])
}
