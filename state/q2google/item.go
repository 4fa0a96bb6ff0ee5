package q2google

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// EncodeItem returns an item as q2google's item document. A running status is
// written as pending: an item at rest is never running. An item that no store
// could give back is refused with [state.Unstorable].
func (Codec) EncodeItem(it *state.Item) ([]byte, error) {
	own, err := own.EncodeItem(it)
	if err != nil {
		return nil, err
	}
	token := ""
	if it.Receipt != nil {
		token = it.Receipt.Token
	}
	mediaID := orNull(it.ID.Medium)
	if raw := it.Extra["media_id"]; it.ID.IsZero() && raw != nil {
		mediaID = raw // as q2google left it
	}
	data, err := object{
		{"file_name", it.Name},
		{"media_id", mediaID},
		{"download_url", orNull(it.DownloadURL)},
		{"discovery_status", atRest(it.Discovery)},
		{"transfer_status", atRest(it.Transfer)},
		{"create_status", atRest(it.Create)},
		{"upload_token", orNull(token)},
		{"media_type", kindOf(it.Kind, it.Name)},
		{"errors", byStage(recordMembers(it.Errors), false, object{})},
	}.document(own, it.Extra)
	if err != nil {
		return nil, state.Unstorable(it, err)
	}
	return data, nil
}

// DecodeItem reads an item document, q2google's or Gondola's. An
// item of q2google has no Seq.
func (Codec) DecodeItem(data []byte) (*state.Item, error) {
	r := newReader(data)
	if r.ours() {
		return own.DecodeItem(data)
	}
	it := &state.Item{}
	it.Name = r.text("file_name")
	it.LegacyName, it.Size = it.Name, media.SizeUnknown
	mediaID := r.take("media_id")
	it.DownloadURL = r.text("download_url")
	it.Discovery = atRest(r.status("discovery_status"))
	it.Transfer = atRest(r.status("transfer_status"))
	it.Create = atRest(r.status("create_status"))
	if token := r.text("upload_token"); token != "" {
		it.Receipt = &station.Receipt{Token: token, Size: media.SizeUnknown, Once: true}
	}
	it.Kind = kindOf(media.Kind(r.text("media_type")), it.Name)
	it.Errors = r.records("errors")
	if mediaID != nil && r.left != nil {
		r.left["media_id"] = mediaID
	}
	it.Extra = r.rest()
	if r.err == nil && it.Name == "" {
		r.err = errors.New("no file_name")
	}
	if r.err != nil {
		return nil, fmt.Errorf("item document: %w", r.err)
	}
	return it, nil
}

func atRest(s state.Status) state.Status {
	if s == state.Running || s == "" {
		return state.Pending
	}
	return s
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
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
