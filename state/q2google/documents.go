package q2google

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/gondola-sync/gondola/internal/jsonlimit"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
)

// The members of q2google's documents.
var (
	sessionObject = object{
		{"schema_version", "1", number}, {"session_id", `""`, text}, {"created_at", `""`, moment}, {"updated_at", `""`, moment},
		{"start_date_iso", `""`, text}, {"end_date_iso", `""`, text}, {"batch_size", "50", number}, {"stages", "{}", byStage(text)},
	}
	itemObject = object{
		{"file_name", `""`, text}, {"media_id", "null", anything}, {"download_url", "null", text},
		{"discovery_status", `""`, text}, {"transfer_status", `""`, text}, {"create_status", `""`, text},
		{"upload_token", "null", text}, {"media_type", `""`, text}, {"errors", "{}", byStage(record)},
	}
	batchObject = object{
		{"batch_index", "null", number}, {"file_names", "[]", texts}, {"status", `""`, text},
		{"responses_json", "null", texts}, {"error", "null", record},
	}
)

// EncodeSession returns a session's header as q2google's metadata document. It
// fails for an ID that is not UTF-8.
func (Codec) EncodeSession(s *state.Session) ([]byte, error) {
	document, err := own.EncodeSession(s)
	if err != nil {
		return nil, err
	}
	return sessionObject.encode(document, s.Extra, nil)
}

// DecodeSession reads a metadata document, q2google's or Gondola's. Of a document
// of q2google it knows that it goes from gopro: to gphotos:.
func (Codec) DecodeSession(data []byte) (*state.Session, error) {
	if ours(data) {
		return own.DecodeSession(data)
	}
	fields, err := sessionObject.decode(data)
	if err != nil {
		return nil, fmt.Errorf("session document: %w", err)
	}
	s, err := own.DecodeSession(object{}.write(fields))
	if err != nil {
		return nil, err
	}
	s.From, s.To = "gopro:", "gphotos:"
	return s, nil
}

// EncodeItem returns an item as q2google's item document. A running status is
// written as pending: an item at rest is never running. An item that no store
// could give back is refused with [state.Unstorable].
func (Codec) EncodeItem(it *state.Item) ([]byte, error) {
	document, err := own.EncodeItem(it)
	if err != nil {
		return nil, err
	}
	derived := members{"media_type": quote(string(kindOf(it.Kind, it.Name)))}
	if !it.ID.IsZero() { // else as q2google left it
		derived["media_id"] = quote(it.ID.Medium)
	}
	if document, err = itemObject.encode(document, it.Extra, derived); err != nil {
		return nil, state.Unstorable(it, err)
	}
	return document, nil
}

// DecodeItem reads an item document, q2google's or Gondola's. An item of q2google
// has no Seq.
func (Codec) DecodeItem(data []byte) (*state.Item, error) {
	if ours(data) {
		return own.DecodeItem(data)
	}
	fields, err := itemObject.decode(data)
	if err != nil {
		return nil, fmt.Errorf("item document: %w", err)
	}
	mediaType := media.Kind(textOf(fields["media_type"]))
	delete(fields, "media_type")
	fields["id"] = quote("")
	it, err := own.DecodeItem(object{}.write(fields))
	if err != nil {
		return nil, err
	}
	it.LegacyName, it.Size, it.Kind = it.Name, media.SizeUnknown, kindOf(mediaType, it.Name)
	return it, nil
}

// kindOf returns kind, or what q2google makes of the name if it is neither.
func kindOf(kind media.Kind, name string) media.Kind {
	if kind == media.Photo || kind == media.Video {
		return kind
	}
	videos := []string{".mp4", ".mov", ".m4v", ".avi", ".mkv", ".webm", ".lrv", ".360"}
	if slices.Contains(videos, strings.ToLower(path.Ext(name))) {
		return media.Video
	}
	return media.Photo
}

// EncodeBatch returns a batch as q2google's batch document.
func (Codec) EncodeBatch(b *state.Batch) ([]byte, error) {
	document, err := own.EncodeBatch(b)
	if err != nil {
		return nil, err
	}
	return batchObject.encode(document, b.Extra, nil)
}

// DecodeBatch reads a batch document, q2google's or Gondola's.
func (Codec) DecodeBatch(data []byte) (*state.Batch, error) {
	if ours(data) && !isNone(jsonlimit.Member(data, "batch_index")) {
		return own.DecodeBatch(data)
	}
	fields, err := batchObject.decode(data)
	if err == nil && fields["batch_index"] == nil {
		err = errors.New("no batch_index")
	}
	if err != nil {
		return nil, fmt.Errorf("batch document: %w", err)
	}
	return own.DecodeBatch(object{}.write(fields))
}
