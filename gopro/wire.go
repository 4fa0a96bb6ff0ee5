package gopro

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/gondola-sync/gondola/internal/jsonlimit"
	"github.com/gondola-sync/gondola/media"
)

// Row is one medium as the library lists it. Fields the cloud left out, or sent
// as something else than what they are, are zero.
type Row struct {
	ID           string // opaque, case-sensitive
	Type         string // such as "Video" or "TimeLapse"
	Filename     string // the camera's name of the first chapter or frame; often ""
	Extension    string // such as "mp4"
	FileSize     int64  // bytes of all originals together, or media.SizeUnknown
	ItemCount    int    // chapters or frames; 0 or 1 for a single file
	Width        int    // pixels as shot
	Height       int    // pixels as shot
	CapturedAt   time.Time
	CapturedZone string    // verbatim
	CreatedAt    time.Time // when it was uploaded
	UpdatedAt    time.Time
	Reprocessed  time.Time // since then FileSize may be off by some kilobytes
	Camera       string    // model
	State        string    // "ready", "transcoding", "uploading", …
	Title        string    // what the user called it
	PlayAs       string    // "video", "photo", "multi_shot_photo", "edl"
	Labels       []string  // renditions there are, such as "source"

	// ThumbnailToken is a credential for [Client.Thumbnail]. Only
	// [Client.Medium] returns it.
	ThumbnailToken string

	// Record is the row as it was sent, without credentials and what is null: only of
	// a search with [Query.Describe].
	Record json.RawMessage
}

// rowFields are the members that a search asks for.
const rowFields = "id,type,filename,file_extension,file_size,item_count,width,height,captured_at,captured_at_timezone," +
	"created_at,updated_at,reprocessed_at,camera_model,ready_to_view,content_title,play_as,available_labels"

// UnmarshalJSON takes anything; what is no object becomes the zero Row.
func (r *Row) UnmarshalJSON(b []byte) error {
	var o object
	err := json.Unmarshal(b, &o)
	*r = rowOf(o)
	return err
}

func rowOf(o object) Row {
	size, known := o.whole("file_size")
	if !known {
		size = media.SizeUnknown
	}
	return Row{
		ID:             o.text("id"),
		Type:           o.word("type"),
		Filename:       o.text("filename"),
		Extension:      o.word("file_extension"),
		FileSize:       size,
		ItemCount:      o.count("item_count"),
		Width:          o.count("width"),
		Height:         o.count("height"),
		CapturedAt:     o.moment("captured_at"),
		CapturedZone:   o.word("captured_at_timezone"),
		CreatedAt:      o.moment("created_at"),
		UpdatedAt:      o.moment("updated_at"),
		Reprocessed:    o.moment("reprocessed_at"),
		Camera:         o.word("camera_model"),
		State:          o.word("ready_to_view"),
		Title:          o.word("content_title"),
		PlayAs:         o.word("play_as"),
		Labels:         o.texts("available_labels"),
		ThumbnailToken: o.text("token"),
	}
}

// LogValue leaves out the thumbnail token.
func (r Row) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", r.ID), slog.String("type", r.Type), slog.String("filename", r.Filename))
}

// Page is one page of the library.
type Page struct {
	Rows       []Row
	Number     int // from 1
	PerPage    int // rows of a full page, as the cloud understood it; 0 if it does not say
	TotalItems int // media that match, on all pages
}

func decodePage(b []byte, describe bool) (Page, error) {
	if !json.Valid(b) {
		return Page{}, errors.New("the answer is not the JSON of a listing")
	}
	embedded, pages := embeddedIn(b), objectOf(jsonlimit.Member(b, "_pages"))
	total, ok := pages.whole("total_items")
	if embedded == nil || !ok || total > 1<<31-1 {
		return Page{}, errors.New("the answer is not a listing: it lacks media or their number")
	}
	rows, err := jsonlimit.List(jsonlimit.Member(embedded, "media"), rowLimits, func(b []byte) Row { return decodeRow(b, describe) })
	return Page{
		Rows:       rows,
		Number:     pages.count("current_page"),
		PerPage:    pages.count("per_page"),
		TotalItems: int(total),
	}, err
}

// decodeRow decodes valid JSON. With describe, the row holds its record.
func decodeRow(valid []byte, describe bool) Row {
	row := rowOf(objectOf(valid))
	if describe {
		row.Record = recordOf(valid)
	}
	return row
}

// embeddedIn returns the object that holds the lists of an answer, or nil.
func embeddedIn(valid []byte) []byte {
	if embedded := jsonlimit.Member(valid, "_embedded"); jsonlimit.IsObject(embedded) {
		return embedded
	}
	return nil
}

// Manifest lists where the bytes of one medium are: originals, proxies and
// sidecars, each with a freshly signed address.
type Manifest struct {
	Filename   string
	Files      []Entry
	Variations []Entry
	Sidecars   []Entry

	served time.Time // by the clock of the cloud
}

// Entry is one file of a manifest.
type Entry struct {
	// URL is signed, for GET, and lives about an hour. It is a credential.
	URL       string
	Label     string // such as "source"; "" in Files
	Type      string // such as "mp4"; "" in Files
	Part      int    // item_number; 0 if not given
	Position  string // camera_position, such as "default"; "" if not given
	Width     int    // pixels
	Height    int    // pixels
	Available bool

	mark   string // fingerprint of the object; "" where the part says it all
	marked bool   // the mark is part of the identity
}

// UnmarshalJSON takes anything; what is no object becomes the zero Entry.
func (e *Entry) UnmarshalJSON(b []byte) error {
	var o object
	err := json.Unmarshal(b, &o)
	*e = entryOf(o)
	return err
}

func entryOf(o object) Entry {
	e := Entry{
		URL:       o.text("url"),
		Label:     o.word("label"),
		Type:      o.word("type"),
		Part:      o.count("item_number"),
		Position:  o.text("camera_position"),
		Width:     o.count("width"),
		Height:    o.count("height"),
		Available: o.flag("available", true),
	}
	if urls := o.texts("urls"); e.URL == "" && len(urls) == 1 {
		e.URL = urls[0]
	}
	return e
}

// LogValue leaves out the signed address.
func (e Entry) LogValue() slog.Value {
	return slog.GroupValue(slog.String("label", e.Label), slog.String("type", e.Type), slog.Int("part", e.Part),
		slog.Int("height", e.Height), slog.Bool("available", e.Available))
}

// LogValue leaves out the signed addresses.
func (m Manifest) LogValue() slog.Value {
	return slog.GroupValue(slog.String("filename", m.Filename), slog.Int("files", len(m.Files)),
		slog.Int("variations", len(m.Variations)), slog.Int("sidecars", len(m.Sidecars)))
}

func decodeManifest(b []byte) (Manifest, error) {
	if !json.Valid(b) || embeddedIn(b) == nil {
		return Manifest{}, errors.New("the answer is not the JSON of a download manifest")
	}
	m := Manifest{Filename: textOf(jsonlimit.Member(b, "filename"))}
	embedded := embeddedIn(b)
	for name, to := range map[string]*[]Entry{"files": &m.Files, "variations": &m.Variations, "sidecar_files": &m.Sidecars} {
		var err error
		*to, err = jsonlimit.List(jsonlimit.Member(embedded, name), entryLimits, func(b []byte) Entry { return entryOf(objectOf(b)) })
		if err != nil {
			return Manifest{}, fmt.Errorf("%s of the download manifest: %w", name, err)
		}
	}
	return m, nil
}
