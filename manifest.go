package gondola

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/gondola-sync/gondola/internal/printable"
)

// ManifestEntry is one line of a manifest: what an item is, and where its bytes
// came to lie. What is not known has its zero value.
type ManifestEntry struct {
	Key           string    `json:"key"`    // media.ID.Key
	Medium        string    `json:"medium"` // the source's id
	Part          int       `json:"part"`
	Label         string    `json:"label"`
	Name          string    `json:"name"`
	Size          int64     `json:"size"`             // bytes, or media.SizeUnknown
	SHA256        string    `json:"sha256,omitempty"` // of the bytes as they passed
	DestinationID string    `json:"destination_id,omitempty"`
	Status        Verdict   `json:"status"`
	Reason        string    `json:"reason,omitempty"`
	CapturedAt    time.Time `json:"captured_at,omitzero"`
	CarriedAt     time.Time `json:"carried_at,omitzero"`
	RegisteredAt  time.Time `json:"registered_at,omitzero"`
	VerifiedAt    time.Time `json:"verified_at,omitzero"` // only if Verified
}

// ManifestEntry returns the item's line of a manifest.
func (it *VerifiedItem) ManifestEntry() ManifestEntry {
	item := it.Item
	e := ManifestEntry{
		Key: item.ID.Key(), Medium: item.ID.Medium, Part: item.ID.Part, Label: item.ID.Label,
		Name: item.Name, Size: item.Size, SHA256: item.SHA256, DestinationID: item.DestinationID,
		Status: it.Verdict, Reason: it.Reason,
		CapturedAt: item.CapturedAt.UTC(), CarriedAt: item.CarriedAt.UTC(), RegisteredAt: item.RegisteredAt.UTC(),
	}
	if item.Carried > 0 {
		e.Size = item.Carried
	}
	if it.Verdict == VerdictVerified {
		e.VerifiedAt = it.At
	}
	return e
}

// ManifestFormat is how a manifest is written.
type ManifestFormat string

// The formats of a manifest.
const (
	JSONLines ManifestFormat = "jsonl"
	// CSV is that of RFC 4180, with a header. A name or a reason that a
	// spreadsheet would compute has an apostrophe in front.
	CSV ManifestFormat = "csv"
)

// Manifest writes one line per item. Make it with [NewManifest].
type Manifest struct {
	json *json.Encoder
	csv  *csv.Writer
}

// NewManifest returns a manifest that writes to w, in CSV if that is the format
// and else in JSON lines.
func NewManifest(w io.Writer, format ManifestFormat) (*Manifest, error) {
	if format != CSV {
		enc := json.NewEncoder(printable.NewJSONWriter(w))
		enc.SetEscapeHTML(false)
		return &Manifest{json: enc}, nil
	}
	m := &Manifest{csv: csv.NewWriter(w)}
	return m, m.csv.Write([]string{
		"key", "medium", "part", "label", "name", "size", "sha256", "destination_id", "status", "reason",
		"captured_at", "carried_at", "registered_at", "verified_at",
	})
}

// Write adds a line. It may be buffered until Flush.
func (m *Manifest) Write(e ManifestEntry) error {
	if m.json != nil {
		return m.json.Encode(e)
	}
	return m.row(
		e.Key, e.Medium, strconv.Itoa(e.Part), e.Label, inert(e.Name), strconv.FormatInt(e.Size, 10), e.SHA256, e.DestinationID,
		string(e.Status), inert(e.Reason),
		stamp(e.CapturedAt), stamp(e.CarriedAt), stamp(e.RegisteredAt), stamp(e.VerifiedAt),
	)
}

// row writes a line of CSV without characters that could steer a terminal.
func (m *Manifest) row(fields ...string) error {
	for i, field := range fields {
		fields[i] = printable.Text(field)
	}
	return m.csv.Write(fields)
}

// Flush writes what is buffered.
func (m *Manifest) Flush() error {
	if m.csv == nil {
		return nil
	}
	m.csv.Flush()
	return m.csv.Error()
}

// inert keeps spreadsheets from taking a text for a formula: names come from
// uploaded files.
func inert(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r\n", rune(text[0])) {
		return "'" + text
	}
	return text
}

// stamp writes a time as JSON does; "" for none.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339Nano)
}
