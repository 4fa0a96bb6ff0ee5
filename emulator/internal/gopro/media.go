package gopro

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gondola-sync/gondola/emulator/internal/route"
)

// purgePause is how long the second, permanent deletion must come after the
// first to have an effect.
const purgePause = 3 * time.Second

// update changes the members of a row that a user can edit.
func (g *Account) update(w http.ResponseWriter, r *http.Request) {
	var change struct {
		Captured *time.Time `json:"captured_at"`
		Filename *string    `json:"filename"`
		Title    *string    `json:"content_title"`
	}
	if err := json.NewDecoder(io.LimitReader(r.Body, 1<<20)).Decode(&change); err != nil {
		refuse(w, r, http.StatusBadRequest)
		return
	}
	g.edit(w, r, func(s *stored) {
		if change.Captured != nil {
			s.Captured = *change.Captured
		}
		if change.Filename != nil {
			s.Filename = change.Filename
		}
		if change.Title != nil {
			s.Title = *change.Title
		}
	})
}

// reprocess takes up a failed upload again.
func (g *Account) reprocess(w http.ResponseWriter, r *http.Request) {
	g.edit(w, r, func(s *stored) {
		if s.State == "failure" {
			s.State = "transcoding"
		}
	})
}

func (g *Account) edit(w http.ResponseWriter, r *http.Request, change func(*stored)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.media[r.PathValue("id")]
	if s == nil || !s.trashed.IsZero() {
		refuse(w, r, http.StatusNotFound)
		return
	}
	change(s)
	s.updated = g.now()
	g.changes++
	w.WriteHeader(http.StatusNoContent)
}

// remove puts media into the trash or, with permanent=true and a moment after
// that, purges them. What it cannot remove it names under status 200.
func (g *Account) remove(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	failed := []any{}
	for id := range strings.SplitSeq(q.Get("ids"), ",") {
		if !g.delete(id, q.Get("permanent") == "true") {
			failed = append(failed, map[string]any{
				"reason": "not_found", "code": http.StatusNotFound, "description": "not found or inaccessible", "id": id,
			})
		}
	}
	route.JSON(w, http.StatusOK, map[string]any{"_embedded": map[string]any{"errors": failed}})
}

func (g *Account) delete(id string, permanent bool) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.media[id]
	switch {
	case s == nil || s.purged:
		return false
	case s.trashed.IsZero():
		s.trashed = g.now()
	case !permanent:
		return false
	case g.now().Sub(s.trashed) >= purgePause:
		s.purged = true
	}
	g.changes++
	return true
}

// trash lists what was deleted; it knows no filters.
func (g *Account) trash(w http.ResponseWriter, r *http.Request) {
	q, _ := parseSearch(url.Values{"page": r.URL.Query()["page"], "per_page": r.URL.Query()["per_page"]}, false)
	g.mu.Lock()
	now := g.now()
	all := g.sorted(byUpload, func(s *stored) bool {
		return !s.trashed.IsZero() && now.Sub(s.trashed) >= g.options.DeleteDelay
	})
	rows := g.window(all, q)
	g.mu.Unlock()
	route.JSON(w, http.StatusOK, map[string]any{"deleted_media": rows, "_pages": pages(q, len(all))})
}

// restore takes media out of the trash.
func (g *Account) restore(w http.ResponseWriter, r *http.Request) {
	var q struct {
		IDs []string `json:"ids"`
	}
	if err := json.NewDecoder(io.LimitReader(r.Body, 1<<20)).Decode(&q); err != nil {
		refuse(w, r, http.StatusBadRequest)
		return
	}
	g.mu.Lock()
	for _, id := range q.IDs {
		if s := g.media[id]; s != nil && !s.purged {
			s.trashed = time.Time{}
		}
	}
	g.changes++
	g.mu.Unlock()
	w.WriteHeader(http.StatusAccepted)
}

// notReady lists uploads that are not finished or have failed.
func (g *Account) notReady(w http.ResponseWriter, r *http.Request) {
	q, err := parseSearch(r.URL.Query(), true)
	if err != nil {
		refuse(w, r, http.StatusInternalServerError)
		return
	}
	g.mu.Lock()
	all := g.sorted(byUpload, func(s *stored) bool {
		return s.trashed.IsZero() && slices.Contains([]string{"uploading", "registered", "failure"}, s.state())
	})
	rows := g.window(all, q)
	g.mu.Unlock()
	route.JSON(w, http.StatusOK, map[string]any{
		"_embedded": map[string]any{"errors": []any{}, "media": rows}, "_pages": pages(q, len(all)),
	})
}

// window renders the rows of one page. The caller holds g.mu.
func (g *Account) window(all []*stored, q searchQuery) []map[string]any {
	rows := []map[string]any{}
	for _, s := range due(all, q.page, q.perPage) {
		rows = append(rows, g.rowOf(s, q.fields))
	}
	return rows
}

// due returns what belongs on a page, counted from 1; others are empty.
func due(all []*stored, page, perPage int) []*stored {
	if page < 1 || (page-1) > len(all)/perPage {
		return nil
	}
	start := min((page-1)*perPage, len(all))
	return all[start:min(start+perPage, len(all))]
}
