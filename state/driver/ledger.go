package driver

import (
	"time"

	"github.com/gondola-sync/gondola/media"
)

// LedgerEntry remembers that an item, or an album, is at a destination account.
type LedgerEntry struct {
	Account       string    `json:"account"`           // such as "gphotos:3f9a…"
	Key           string    `json:"key"`               // media.ID.Key of the item, or state.AlbumKey
	DestinationID string    `json:"destination_id"`    // what the destination calls it
	SHA256        string    `json:"sha256,omitempty"`  // lower-case hex; "" if not known
	Size          int64     `json:"size"`              // bytes
	Version       string    `json:"version,omitempty"` // media.Item.Version of what was carried; "" if not known
	Session       string    `json:"session"`           // that carried it
	At            time.Time `json:"at"`                // UTC
	// Gone takes back what the ledger said of the item before: it was looked
	// for at the destination and was not there.
	Gone bool `json:"gone,omitempty"`
}

// Bounded returns the entry with a time outside the years 1 to 9999, and a
// version that is no [media.Word], unknown.
func (e LedgerEntry) Bounded() LedgerEntry {
	e.At, e.Version = media.Moment(e.At), media.Word(e.Version)
	return e
}
