package state

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
)

// itemFields are the fields of an [Item] that q2google does not know.
type itemFields struct {
	ID            string                `json:"id"` // media.ID.Key; "" for an item known by name only
	Object        string                `json:"object,omitempty"`
	Seq           int64                 `json:"seq"`
	FileName      string                `json:"source_name,omitempty"`
	Dir           string                `json:"dir,omitempty"`
	LegacyName    string                `json:"legacy_name,omitempty"`
	Size          int64                 `json:"size"`
	MIME          string                `json:"mime,omitempty"`
	Kind          media.Kind            `json:"kind,omitempty"`
	Type          string                `json:"type,omitempty"`
	Width         int                   `json:"width,omitempty"`
	Height        int                   `json:"height,omitempty"`
	Camera        string                `json:"camera,omitempty"`
	CapturedAt    time.Time             `json:"captured_at,omitzero"`
	CapturedZone  string                `json:"captured_zone,omitempty"`
	CreatedAt     time.Time             `json:"created_at,omitzero"`
	Albums        []media.Album         `json:"albums,omitempty"`
	Revision      string                `json:"revision,omitempty"`
	Version       string                `json:"version,omitempty"`
	Of            int                   `json:"of,omitempty"`
	Refusal       *media.Refusal        `json:"refusal,omitempty"`
	Checkpoint    *checkpointFields     `json:"checkpoint,omitempty"`
	Receipt       *receiptFields        `json:"receipt,omitempty"`
	DestinationID string                `json:"destination_id,omitempty"`
	SHA256        string                `json:"sha256,omitempty"`
	Carried       int64                 `json:"carried,omitempty"`
	Recorded      int64                 `json:"recorded,omitempty"`
	SameAs        string                `json:"same_as,omitempty"`
	AlreadyThere  bool                  `json:"already_there,omitempty"`
	CarriedAgain  int                   `json:"carried_again,omitempty"`
	CarriedAt     time.Time             `json:"carried_at,omitzero"`
	RegisteredAt  time.Time             `json:"registered_at,omitzero"`
	MissedAt      time.Time             `json:"missed_at,omitzero"`
	ErrorClasses  map[Stage]fault.Class `json:"error_classes,omitempty"`
}

// receiptFields is a receipt without its token, which is q2google's upload_token.
type receiptFields struct {
	Size   int64     `json:"size"`
	SHA256 string    `json:"sha256,omitempty"`
	At     time.Time `json:"at,omitzero"`
	// Again says that it can be spent more than once. Receipts were all of the
	// other sort before there was a choice.
	Again bool `json:"again,omitempty"`
}

// EncodeItem returns an item as q2google's item document. A running status is
// written as pending: an item at rest is never running. Times outside the years
// 1 to 9999 are unknown. An item that no store could give back is refused with
// [Unstorable].
func EncodeItem(it *Item) ([]byte, error) {
	if err := it.CheckIdentity(); err != nil {
		return nil, Unstorable(it, err)
	}
	data, err := itemMembers(it).document(newItemFields(it), it.Extra)
	if err != nil {
		return nil, Unstorable(it, err)
	}
	return data, nil
}

// Unstorable is the fault of an item that no store can keep: of class Item,
// since others of its session can be kept.
func Unstorable(it *Item, why error) error {
	return &fault.Error{
		Class: fault.Item, Code: fault.State,
		Op: fmt.Sprintf("store item %q (%s)", media.Sentence(it.Name), media.Sentence(it.ID.Key())), Err: why,
	}
}

func itemMembers(it *Item) object {
	token := ""
	if it.Receipt != nil {
		token = it.Receipt.Token
	}
	mediaID := orNull(it.ID.Medium)
	if raw := it.Extra["media_id"]; it.ID.IsZero() && raw != nil {
		mediaID = raw // as q2google left it
	}
	return object{
		{"file_name", it.Name},
		{"media_id", mediaID},
		{"download_url", orNull(it.DownloadURL)},
		{"discovery_status", atRest(it.Discovery)},
		{"transfer_status", atRest(it.Transfer)},
		{"create_status", atRest(it.Create)},
		{"upload_token", orNull(token)},
		{"media_type", q2googleKind(it.Kind, it.Name)},
		{"errors", byStage(recordMembers(it.Errors), false, object{})},
	}
}

func newItemFields(it *Item) *itemFields {
	f := &itemFields{
		ID: it.ID.Key(), Object: it.Object, Seq: it.Seq, FileName: it.FileName, Dir: it.Dir, LegacyName: it.LegacyName,
		Size: it.Size, MIME: it.MIME, Kind: it.Kind, Type: it.Type, Width: it.Width, Height: it.Height,
		Camera: it.Camera, CapturedAt: media.Moment(it.CapturedAt), CapturedZone: it.CapturedZone, CreatedAt: media.Moment(it.CreatedAt),
		Albums: it.Albums, Revision: it.Revision, Version: it.Version, Of: it.Of,
		Refusal: it.Refusal, Checkpoint: newCheckpointFields(it.Checkpoint), DestinationID: it.DestinationID, SHA256: it.SHA256,
		Carried: it.Carried, Recorded: it.Recorded, SameAs: it.SameAs, AlreadyThere: it.AlreadyThere, CarriedAgain: it.CarriedAgain,
		CarriedAt: media.Moment(it.CarriedAt), RegisteredAt: media.Moment(it.RegisteredAt), MissedAt: media.Moment(it.MissedAt),
	}
	if r := it.Receipt; r != nil {
		f.Receipt = &receiptFields{Size: r.Size, SHA256: r.SHA256, At: media.Moment(r.At), Again: !r.Once}
	}
	for stage, e := range it.Errors {
		if e.Class != "" {
			if f.ErrorClasses == nil {
				f.ErrorClasses = map[Stage]fault.Class{}
			}
			f.ErrorClasses[stage] = e.Class
		}
	}
	return f
}

// DecodeItem reads an item document, q2google's or Gondola's; ours tells which.
// What q2google says of an item is settled by [Evidence].
func DecodeItem(data []byte) (it *Item, ours bool, err error) {
	r := newReader(data)
	it = &Item{}
	it.Name = r.text("file_name")
	mediaID := r.take("media_id")
	it.DownloadURL = r.text("download_url")
	it.Discovery = atRest(r.status("discovery_status"))
	it.Transfer = atRest(r.status("transfer_status"))
	it.Create = atRest(r.status("create_status"))
	token := r.text("upload_token")
	kind := q2googleKind(media.Kind(r.text("media_type")), it.Name)
	it.Errors = r.records("errors")

	own := itemFields{Size: media.SizeUnknown, Kind: kind, LegacyName: it.Name}
	if ours = hasOwn(r); ours {
		own = itemFields{}
		r.own(&own)
	}
	if err := own.fill(it, token); err != nil {
		r.fail(ownKey, err)
	}
	if it.ID.IsZero() && mediaID != nil && r.left != nil {
		r.left["media_id"] = mediaID
	}
	it.Extra = r.rest()
	if r.err == nil && it.Name == "" {
		r.err = errors.New("no file_name")
	}
	if r.err != nil {
		return nil, false, fmt.Errorf("item document: %w", r.err)
	}
	return it, ours, nil
}

// fill sets the fields of an item that q2google does not know.
func (f *itemFields) fill(it *Item, token string) error {
	if f.ID != "" {
		id, err := media.ParseKey(f.ID)
		if err != nil {
			return err
		}
		it.ID = id
	}
	it.Object, it.Seq, it.FileName, it.Dir, it.LegacyName = f.Object, f.Seq, f.FileName, media.SafeDir(f.Dir), f.LegacyName
	it.Size, it.MIME, it.Kind, it.Type, it.Width, it.Height = f.Size, f.MIME, f.Kind, f.Type, f.Width, f.Height
	it.Camera, it.CapturedAt, it.CapturedZone, it.CreatedAt = f.Camera, media.Moment(f.CapturedAt), f.CapturedZone, media.Moment(f.CreatedAt)
	it.Albums, it.Revision, it.Version, it.Of = f.Albums, f.Revision, f.Version, f.Of
	it.Refusal, it.Checkpoint, it.DestinationID, it.SHA256 = f.Refusal, (*station.Checkpoint)(f.Checkpoint), f.DestinationID, f.SHA256
	it.Carried, it.Recorded, it.SameAs = f.Carried, f.Recorded, f.SameAs
	it.AlreadyThere, it.CarriedAgain = f.AlreadyThere, f.CarriedAgain
	it.CarriedAt, it.RegisteredAt, it.MissedAt = f.CarriedAt, f.RegisteredAt, f.MissedAt
	switch r := f.Receipt; {
	case r != nil:
		it.Receipt = &station.Receipt{Token: token, Size: r.Size, SHA256: r.SHA256, At: r.At, Once: !r.Again}
	case token != "":
		it.Receipt = &station.Receipt{Token: token, Size: media.SizeUnknown, Once: true}
	}
	for stage, class := range f.ErrorClasses {
		if e, ok := it.Errors[stage]; ok {
			e.Class = class
			it.Errors[stage] = e
		}
	}
	return nil
}

func atRest(s Status) Status {
	if s == Running || s == "" {
		return Pending
	}
	return s
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// q2googleKind returns kind, or what q2google makes of the name if it is neither.
func q2googleKind(kind media.Kind, name string) media.Kind {
	if kind == media.Photo || kind == media.Video {
		return kind
	}
	videos := []string{".mp4", ".mov", ".m4v", ".avi", ".mkv", ".webm", ".lrv", ".360"}
	if slices.Contains(videos, strings.ToLower(path.Ext(name))) {
		return media.Video
	}
	return media.Photo
}
