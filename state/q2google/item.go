package q2google

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// itemDocument is q2google's item document.
type itemDocument struct {
	Name        text             `json:"file_name"`
	MediaID     json.RawMessage  `json:"media_id"`
	DownloadURL *text            `json:"download_url"`
	Discovery   text             `json:"discovery_status"`
	Transfer    text             `json:"transfer_status"`
	Create      text             `json:"create_status"`
	Token       *text            `json:"upload_token"`
	Kind        text             `json:"media_type"`
	Errors      byStage[*record] `json:"errors"`
}

// EncodeItem returns an item as q2google's item document. A running status is
// written as pending: an item at rest is never running. An item that no store
// could give back is refused with [state.Unstorable].
func (Codec) EncodeItem(it *state.Item) ([]byte, error) {
	data, err := own.EncodeItem(it)
	if err != nil {
		return nil, err
	}
	stored := *it
	stored.Normalize()
	doc := &itemDocument{
		Name: text(it.Name), DownloadURL: orNull(it.DownloadURL),
		Discovery: text(stored.Discovery), Transfer: text(stored.Transfer), Create: text(stored.Create),
		Kind: text(kindOf(it.Kind, it.Name)), Errors: byStage[*record]{},
	}
	if it.Receipt != nil {
		doc.Token = orNull(it.Receipt.Token)
	}
	for stage, e := range stored.Errors {
		doc.Errors[stage] = recordOf(&e)
	}
	if doc.MediaID = it.Extra["media_id"]; !it.ID.IsZero() || doc.MediaID == nil { // else as q2google left it
		doc.MediaID, _ = json.Marshal(orNull(it.ID.Medium))
	}
	if data, err = join(doc, it.Extra, data); err != nil {
		return nil, state.Unstorable(it, err)
	}
	return data, nil
}

// DecodeItem reads an item document, q2google's or Gondola's. An item of q2google
// has no Seq.
func (Codec) DecodeItem(data []byte) (*state.Item, error) {
	if ours(data) {
		return own.DecodeItem(data)
	}
	var doc itemDocument
	extra, err := state.DecodeFields(data, &doc)
	if err == nil && doc.Name == "" {
		err = errors.New("no file_name")
	}
	if err != nil {
		return nil, fmt.Errorf("item document: %w", err)
	}
	it := &state.Item{
		Discovery: state.Status(doc.Discovery), Transfer: state.Status(doc.Transfer), Create: state.Status(doc.Create),
		DownloadURL: doc.DownloadURL.or(""), Extra: state.Unclaimed(extra),
	}
	it.Name, it.LegacyName, it.Size = string(doc.Name), string(doc.Name), media.SizeUnknown
	it.Kind = kindOf(media.Kind(doc.Kind), it.Name)
	if token := doc.Token.or(""); token != "" {
		it.Receipt = &station.Receipt{Token: token, Size: media.SizeUnknown, Once: true}
	}
	for stage, r := range doc.Errors {
		if r == nil {
			continue
		}
		if it.Errors == nil {
			it.Errors = map[state.Stage]state.ErrorRecord{}
		}
		it.Errors[stage] = *r.record()
	}
	if doc.MediaID != nil && !isNull(doc.MediaID) {
		if it.Extra == nil {
			it.Extra = map[string]json.RawMessage{}
		}
		it.Extra["media_id"] = compact(doc.MediaID)
	}
	it.Normalize()
	return it, nil
}

// compact returns valid JSON without white space.
func compact(raw json.RawMessage) json.RawMessage {
	var b bytes.Buffer
	_ = json.Compact(&b, raw)
	return b.Bytes()
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
