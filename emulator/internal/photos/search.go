package photos

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/gondola-sync/gondola/emulator/internal/google"
)

type searchRequest struct {
	AlbumID   string        `json:"albumId"`
	Filters   *filters      `json:"filters"`
	PageSize  google.Number `json:"pageSize"`
	PageToken string        `json:"pageToken"`
	OrderBy   string        `json:"orderBy"`
}

type filters struct {
	DateFilter    *dateFilter `json:"dateFilter"`
	ContentFilter *struct {
		Included []string `json:"includedContentCategories"`
		Excluded []string `json:"excludedContentCategories"`
	} `json:"contentFilter"`
	MediaTypeFilter *struct {
		MediaTypes []string `json:"mediaTypes"`
	} `json:"mediaTypeFilter"`
	FeatureFilter *struct {
		Included []string `json:"includedFeatures"`
	} `json:"featureFilter"`
	IncludeArchivedMedia     bool `json:"includeArchivedMedia"`
	ExcludeNonAppCreatedData bool `json:"excludeNonAppCreatedData"`
}

type dateFilter struct {
	Dates  []date `json:"dates"`
	Ranges []struct {
		Start date `json:"startDate"`
		End   date `json:"endDate"`
	} `json:"ranges"`
}

// date may leave out the year, the month or the day.
type date struct {
	Year  google.Number `json:"year"`
	Month google.Number `json:"month"`
	Day   google.Number `json:"day"`
}

func (d date) matches(t time.Time) bool {
	return (d.Year == 0 || int(d.Year) == t.Year()) &&
		(d.Month == 0 || time.Month(d.Month) == t.Month()) &&
		(d.Day == 0 || int(d.Day) == t.Day())
}

func (d date) start() time.Time {
	return time.Date(int(d.Year), time.Month(max(d.Month, 1)), int(max(d.Day, 1)), 0, 0, 0, 0, time.UTC)
}

func (d date) end() time.Time {
	switch {
	case d.Month == 0:
		return d.start().AddDate(1, 0, 0)
	case d.Day == 0:
		return d.start().AddDate(0, 1, 0)
	}
	return d.start().AddDate(0, 0, 1)
}

func (f *dateFilter) matches(t time.Time) bool {
	for _, d := range f.Dates {
		if d.matches(t) {
			return true
		}
	}
	for _, r := range f.Ranges {
		if !t.Before(r.Start.start()) && t.Before(r.End.end()) {
			return true
		}
	}
	return false
}

func (f *filters) matches(it *item) bool {
	if f.DateFilter != nil && !f.DateFilter.matches(it.media.taken.UTC()) {
		return false
	}
	if f.MediaTypeFilter != nil && !f.typeMatches(it) {
		return false
	}
	// Nothing here has a content category or is a favourite.
	if f.ContentFilter != nil && len(f.ContentFilter.Included) > 0 && !slices.Contains(f.ContentFilter.Included, "NONE") {
		return false
	}
	return f.FeatureFilter == nil || !slices.Contains(f.FeatureFilter.Included, "FAVORITES")
}

func (f *filters) typeMatches(it *item) bool {
	switch f.MediaTypeFilter.MediaTypes[0] {
	case "VIDEO":
		return it.media.video
	case "PHOTO":
		return !it.media.video
	}
	return true
}

func (f *filters) check() error {
	if m := f.MediaTypeFilter; m != nil {
		if len(m.MediaTypes) != 1 {
			return google.Invalidf("Media type filter must have exactly one media type.")
		}
		if !slices.Contains([]string{"ALL_MEDIA", "VIDEO", "PHOTO"}, m.MediaTypes[0]) {
			return google.Invalidf("Invalid value at 'filters.media_type_filter.media_types[0]' (type.googleapis.com/google.photos.library.v1.MediaTypeFilter.MediaType), %q", m.MediaTypes[0])
		}
	}
	if d := f.DateFilter; d != nil && (len(d.Dates) > 5 || len(d.Ranges) > 5) {
		return google.Invalidf("Date filter must not have more than 5 dates or ranges.")
	}
	return nil
}

const (
	oldestFirstOrder = "MediaMetadata.creation_time"
	newestFirstOrder = "MediaMetadata.creation_time desc"
)

func (req searchRequest) check() error {
	switch {
	case req.AlbumID != "" && req.Filters != nil:
		return google.Invalidf("Request must not have both filters and albumId set.")
	case req.OrderBy == "":
	case req.OrderBy != oldestFirstOrder && req.OrderBy != newestFirstOrder:
		return google.Invalidf("Invalid value for order_by: %q", req.OrderBy)
	case req.Filters == nil || req.Filters.DateFilter == nil:
		return google.Invalidf("Request must have a date filter to use order_by.")
	}
	if req.Filters != nil {
		return req.Filters.check()
	}
	return nil
}

func (g *Service) search(c google.Caller, r *http.Request) (any, error) {
	var req searchRequest
	if err := google.DecodeBody(r, &req); err != nil {
		return nil, err
	}
	if err := req.check(); err != nil {
		return nil, err
	}
	query := fmt.Sprintf("search %s %s %s %s %s", c.User, c.Project, req.AlbumID, req.OrderBy, google.EncodeJSON(req.Filters))
	q, err := newPageQuery(r, int(req.PageSize), req.PageToken, 25, 100, query)
	if err != nil {
		return nil, err
	}
	l := g.library
	l.mu.Lock()
	defer l.mu.Unlock()
	items, err := l.search(c, req, g.now())
	if err != nil {
		return nil, err
	}
	q.ascending = req.OrderBy == oldestFirstOrder
	return g.itemPage(c, items, q)
}

// search returns the items in the order of the request.
func (l *library) search(c google.Caller, req searchRequest, now time.Time) ([]*item, error) {
	items := l.listed(c, now)
	if req.AlbumID != "" {
		a := l.findAlbum(c, req.AlbumID)
		if a == nil {
			return nil, google.Fail(http.StatusNotFound)
		}
		inside := make(map[*item]bool, len(a.items))
		for _, it := range a.items {
			inside[it] = true
		}
		return selected(items, func(it *item) bool { return inside[it] }), nil
	}
	if req.Filters != nil {
		items = selected(items, req.Filters.matches)
	}
	if req.OrderBy == oldestFirstOrder { // which needs filters, so the slice is ours
		slices.Reverse(items)
	}
	return items, nil
}
