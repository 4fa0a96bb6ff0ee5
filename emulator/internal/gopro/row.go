package gopro

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gondola-sync/gondola/emulator/internal/route"
	"github.com/gondola-sync/gondola/emulator/sample"
)

// alwaysSent are the members of a row that come without being asked for.
var alwaysSent = []string{"id", "gopro_user_id", "source_gumi", "source_mgumi"}

// rowOf renders a row with the fields asked for, or all of them if none are.
// Unknown fields are ignored. The caller holds g.mu or owns s.
func (g *Account) rowOf(s *stored, fields []string) map[string]any {
	row := g.wholeRow(s)
	if fields == nil {
		return row
	}
	for name := range row {
		if !slices.Contains(fields, name) && !slices.Contains(alwaysSent, name) {
			delete(row, name)
		}
	}
	return row
}

func (g *Account) wholeRow(s *stored) map[string]any {
	row := map[string]any{
		"id": s.ID, "type": s.Type, "filename": s.Filename, "file_extension": textOrNull(s.Extension),
		"file_size": s.fileSize(), "item_count": s.itemCount(),
		"width": numberOrNull(s.Width), "height": numberOrNull(s.Height), "resolution": s.resolution(),
		"source_duration": s.sourceDuration(), "captured_at": wireTime(s.Captured), "created_at": wireTime(s.Created),
		"updated_at": wireTime(s.updated), "client_updated_at": wireTime(s.updated), "submitted_at": wireTime(s.Created),
		"upload_completed_at": wireTime(s.Created), "camera_model": textOrNull(s.Camera), "ready_to_view": s.state(),
		"ready_to_edit": s.state() == "ready", "gopro_media": !s.edited(), "on_public_profile": false,
		"stabilized": false, "thumbnail_available": true, "ai_training_opt_out": true,
		"available_labels": g.availableLabels(s), "token": g.thumbnailToken(s), "play_as": s.playAs(),
		"mce_type": textOrNull(s.MCEType), "mce_subtype": nil, "composition": textOrNull(s.Composition),
		"content_title": textOrNull(s.Title), "content_description": nil, "content_type": nil, "content_source": "gda",
		"moments_count": 0, "orientation": 1, "fov": nil, "revision_number": 0, "firmware_version": nil,
		"subscription_type": nil, "region": nil, "folder_path": nil, "location": nil, "location_name": nil, "tags": nil,
		"music_track_artist": nil, "music_track_name": nil, "item_durations": nil, "export_ids": nil,
		"user_id": g.user, "parent_id": nil, "gopro_user_id": g.user, "source_gumi": fingerprint(s.ID), "source_mgumi": nil,
	}
	if s.Zone != "" {
		row["captured_at_timezone"] = s.Zone
	}
	if !s.Reprocessed.IsZero() {
		row["reprocessed_at"] = wireTime(s.Reprocessed)
	}
	for name, value := range s.Odd {
		row[name] = value
	}
	return row
}

func textOrNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func numberOrNull(n int) any {
	if n == 0 {
		return nil
	}
	return n
}

func wireTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// availableLabels names what a download lists, and a little more.
func (g *Account) availableLabels(s *stored) []string {
	if s.Unlisted {
		return []string{}
	}
	labels := []string{}
	if len(s.Sources) > 0 {
		labels = append(labels, sample.LabelSource)
	}
	if s.Baked != nil {
		labels = append(labels, sample.LabelBaked)
	}
	if s.Concat != nil {
		labels = append(labels, sample.LabelConcat)
	}
	for _, r := range slices.Concat(s.Proxies, s.Sidecars) {
		labels = append(labels, r.Label)
	}
	if len(s.RAW) > 0 {
		labels = append(labels, sample.LabelRAW)
	}
	return append(labels, "large")
}

// thumbnailToken looks like the JWT of the service: signed, not encrypted.
func (g *Account) thumbnailToken(s *stored) string {
	encode := base64.RawURLEncoding.EncodeToString
	claims := fmt.Sprintf(`{"medium_id":%q,"owner":%q,"is_public":false,"o":1,"region":"us-west-2","trans":null}`, s.number, g.user)
	body := encode([]byte(`{"alg":"HS256"}`)) + "." + encode([]byte(claims))
	return body + "." + encode(g.signer.MAC("thumbnail "+body))
}

// row answers one row, bare.
func (g *Account) row(w http.ResponseWriter, r *http.Request) {
	s, ok := g.medium(r.PathValue("id"))
	if !ok {
		refuse(w, r, http.StatusNotFound)
		return
	}
	var fields []string
	if list := r.URL.Query().Get("fields"); list != "" {
		fields = strings.Split(list, ",")
	}
	route.JSON(w, http.StatusOK, g.rowOf(&s, fields))
}
