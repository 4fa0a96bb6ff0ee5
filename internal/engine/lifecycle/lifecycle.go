package lifecycle

import (
	"cmp"
	"regexp"
	"strconv"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/engine/filing"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// MostRetransfers bounds how often an item is transferred anew because the
// destination would not register it.
const MostRetransfers = 2

// Fail records a failure at a stage of an item. Attempts count within the run,
// which began at the given time.
func Fail(it *state.Item, stage state.Stage, err error, began time.Time) {
	if it.Errors == nil {
		it.Errors = map[state.Stage]state.ErrorRecord{}
	}
	attempt := 1
	if last, ok := it.Errors[stage]; ok && !last.At.Before(began) {
		attempt = last.Attempt + 1
	}
	record := ErrorRecord(err)
	record.Attempt = attempt
	it.Errors[stage] = record
	switch stage {
	case state.Transfer:
		it.Transfer, it.Create = state.Failed, state.Skipped
	case state.Create:
		it.Create = state.Failed
	}
}

// Filed records that an item is in an album, or could not be put into it.
func Filed(it *state.Item, a media.Album, err error) {
	if err != nil {
		it.FilingError = new(ErrorRecord(err))
		return
	}
	it.Unfiled = filing.Without(it.Unfiled, a)
	if len(it.Unfiled) == 0 {
		it.FilingError = nil
	}
}

// ErrorRecord returns a failure as it is stored.
func ErrorRecord(err error) state.ErrorRecord {
	return state.ErrorRecord{
		Type:    cmp.Or(fault.CodeOf(err), "error"),
		Class:   fault.ClassOf(err),
		Message: Scrub(err.Error()),
		Attempt: 1,
		At:      time.Now().UTC(),
	}
}

var urlQuery = regexp.MustCompile(`(https?://[^\s?"']+)\?[^\s"']*`)

// Scrub takes the query off every URL in a message: signatures live there.
// Stations keep secrets out of their errors; this is the second lock.
func Scrub(message string) string {
	return urlQuery.ReplaceAllString(message, "$1?…")
}

// Refuse records that an item cannot be carried, as only opening it could tell.
func Refuse(it *state.Item, why media.Refusal) {
	it.Refusal, it.Create, it.Checkpoint = &why, state.Skipped, nil
}

// Transferred records a finished upload.
func Transferred(it *state.Item, receipt station.Receipt) {
	it.Transfer, it.Create = state.Completed, state.Pending
	it.Receipt, it.Checkpoint = &receipt, nil
	it.Carried, it.SHA256, it.CarriedAt = receipt.Size, receipt.SHA256, time.Now().UTC()
	recorded := cmp.Or(it.Recorded, it.Size)
	it.Recorded, it.Size = 0, receipt.Size
	if recorded > 0 && recorded != receipt.Size {
		it.Recorded = recorded
	}
	delete(it.Errors, state.Transfer)
}

// ResetTransfer forgets an upload, so that the item awaits transfer.
func ResetTransfer(it *state.Item) {
	it.Transfer, it.Create = state.Pending, state.Pending
	ForgetUpload(it)
	it.CarriedAgain++
}

// ForgetUpload forgets what is known of an item's upload.
func ForgetUpload(it *state.Item) {
	it.Receipt, it.Checkpoint = nil, nil
	it.Carried, it.SHA256, it.CarriedAt = 0, "", time.Time{}
}

// Created records that an item is at the destination.
func Created(it *state.Item, id string) {
	it.Create, it.DestinationID, it.RegisteredAt = state.Completed, id, time.Now().UTC()
	it.Receipt = nil
	delete(it.Errors, state.Create)
}

// FoundThere records that an item was at the destination before the session, as
// the ledger says.
func FoundThere(it *state.Item, entry *state.LedgerEntry) {
	it.Transfer, it.Create = state.Completed, state.Completed
	it.AlreadyThere = true
	it.DestinationID, it.SHA256, it.Carried = entry.DestinationID, entry.SHA256, entry.Size
	it.RegisteredAt = entry.At
	if it.Size == media.SizeUnknown {
		it.Size = entry.Size
	}
}

// Missed lets an item await its transfer as if it had never arrived: it was
// looked for at the destination at the given time and was not there.
func Missed(it *state.Item, at time.Time) {
	beginAnew(it)
	it.MissedAt = at
}

// Renewed lets an item await its transfer whose bytes are others than those that
// were carried. What was found out about the former bytes is forgotten.
func Renewed(it *state.Item) {
	beginAnew(it)
	it.Recorded, it.SameAs = 0, ""
}

// beginAnew lets an item await its transfer as if nothing had become of it yet.
func beginAnew(it *state.Item) {
	ResetTransfer(it)
	it.CarriedAgain = 0 // it counts refusals of one arrival
	it.DestinationID, it.AlreadyThere, it.RegisteredAt = "", false, time.Time{}
	it.Unfiled, it.FilingError = nil, nil // they follow its next arrival
	it.Errors = nil
}

// GivenUp reports whether the destination has refused the item's bytes for good
// so often that transferring them again would only waste the line.
func GivenUp(it *state.Item) bool {
	e, failed := it.Errors[state.Create]
	return failed && e.Class == fault.Item && it.CarriedAgain >= MostRetransfers
}

// Unready reports whether the source still worked on an item when it was listed,
// so that a later listing may offer it.
func Unready(it *state.Item) bool {
	return it.Refusal != nil && (it.Refusal.Code == media.RefusedTranscoding || it.Refusal.Code == media.RefusedIncomplete)
}

// LedgerEntry returns what the ledger remembers of an item. The session that
// records it adds itself and its account.
func LedgerEntry(it *state.Item) state.LedgerEntry {
	return state.LedgerEntry{
		Key: it.LedgerKey(), DestinationID: it.DestinationID, Version: it.Version,
		SHA256: it.SHA256, Size: it.Carried, At: time.Now().UTC(),
	}
}

// LedgerEntries returns what the ledger remembers of an item: under its identity, if
// it has one, and under its bytes, if they are known.
func LedgerEntries(it *state.Item) (entries []state.LedgerEntry) {
	if !it.ID.IsZero() {
		entries = append(entries, LedgerEntry(it))
	}
	return append(entries, BytesEntries(it)...)
}

// SizeKey and BytesKey are the keys under which the ledger remembers that a file of
// so many bytes, and which file with this SHA-256, was carried.
func SizeKey(size int64) string {
	return media.ID{Station: "size", Medium: strconv.FormatInt(size, 10)}.Key()
}

// BytesKey is described with SizeKey.
func BytesKey(sha256 string) string { return media.ID{Station: "sha256", Medium: sha256}.Key() }

// BytesEntries returns what the ledger remembers of an item's bytes, from whichever
// source they came. The size has an entry of its own, so that a file of another size
// need not be read to know that it was not carried.
func BytesEntries(it *state.Item) []state.LedgerEntry {
	if it.SHA256 == "" || it.DestinationID == "" {
		return nil
	}
	bytes := LedgerEntry(it)
	bytes.Key, bytes.Version = BytesKey(it.SHA256), ""
	return []state.LedgerEntry{{Key: SizeKey(it.Carried), Size: it.Carried, At: bytes.At}, bytes}
}

// Unstorable reports whether storing failed for an item that no store can keep,
// and not for the store.
func Unstorable(err error) bool { return err != nil && fault.ClassOf(err) == fault.Item }
