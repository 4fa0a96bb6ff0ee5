package gopro

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Limits of per_page.
const (
	defaultPageSize = 30
	maxPageSize     = 200
)

var errMalformedRange = errors.New("malformed range")

// searchQuery is what a search asks for.
type searchQuery struct {
	page, perPage int
	fields        []string // nil: all
	filter        listingFilter
}

// listingFilter says which rows a listing has and in which order. It is what a
// walk through the pages of one listing keeps the same.
type listingFilter struct {
	uploadOrder bool
	types       []string
	states      []string
	noExports   bool
	captured    span
	created     span
	updated     span
}

// span is a range of times: the start belongs to it, the end does not.
type span struct{ start, end time.Time }

func (s span) has(t time.Time) bool {
	return s == span{} || !t.Before(s.start) && t.Before(s.end)
}

func (f listingFilter) keeps(s *stored) bool {
	return (f.types == nil || slices.Contains(f.types, s.Type)) &&
		(f.states == nil || slices.Contains(f.states, s.state())) &&
		!(f.noExports && s.Composition == "export") &&
		f.captured.has(s.Captured) && f.created.has(s.Created) && f.updated.has(s.updated)
}

// mediaTypes and readyStates are the values that filters know. What they do not
// know they ignore, and a filter with nothing left filters nothing.
var (
	mediaTypes = []string{
		"Photo", "Video", "TimeLapse", "TimeLapseVideo", "Burst", "BurstVideo", "Chaptered", "Livestream", "Looped",
		"LoopedVideo", "Continuous", "ExternalVideo", "Session", "MultiClipEdit", "Edit", "Audio", "NightLapse",
	}
	readyStates = []string{
		"ready", "failure", "loading", "registered", "transcoding", "processing", "uploading", "pretranscoding",
		"updating", "live", "stabilizing", "rendering", "unknown",
	}
)

func parseSearch(q url.Values, lenient bool) (searchQuery, error) {
	s := searchQuery{page: numberOr(q.Get("page"), 1), perPage: numberOr(q.Get("per_page"), defaultPageSize)}
	s.perPage = min(max(s.perPage, 1), maxPageSize)
	if q.Has("fields") {
		s.fields = strings.Split(q.Get("fields"), ",")
	}
	s.filter = listingFilter{
		uploadOrder: q.Get("order_by") == "created_at",
		types:       known(q.Get("type"), mediaTypes),
		states:      known(q.Get("processing_states"), readyStates),
		noExports:   q.Get("xcomposition") == "export",
	}
	var captured, created, updated error
	s.filter.captured, captured = parseSpan(q, "captured_range", lenient)
	s.filter.created, created = parseSpan(q, "created_range", lenient)
	s.filter.updated, updated = parseSpan(q, "updated_range", lenient)
	return s, errors.Join(captured, created, updated)
}

func numberOr(text string, other int) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		return other
	}
	return n
}

// known returns the values of a comma-separated list that are among all, or nil
// if none is.
func known(list string, all []string) []string {
	var found []string
	for value := range strings.SplitSeq(list, ",") {
		if slices.Contains(all, value) {
			found = append(found, value)
		}
	}
	return found
}

func parseSpan(q url.Values, name string, lenient bool) (span, error) {
	if !q.Has(name) {
		return span{}, nil
	}
	start, end, ok := strings.Cut(q.Get(name), ",")
	if !ok {
		return span{}, errMalformedRange
	}
	from, err := parseInstant(start, lenient)
	if err != nil {
		return span{}, err
	}
	to, err := parseInstant(end, lenient)
	if err != nil {
		return span{}, err
	}
	if !from.Before(to) {
		to = from.Add(-1) // such a range has nothing, but is not the zero one
	}
	return span{from, to}, nil
}

// parseInstant reads the canonical form, or if lenient the date of one with a
// second time appended, which a widely used client sends.
func parseInstant(text string, lenient bool) (time.Time, error) {
	if t, err := time.Parse("2006-01-02T15:04:05.000Z", text); err == nil {
		return t, nil
	}
	if lenient && strings.Count(text, "T") == 2 && strings.HasSuffix(text, "T00:00:00.000Z") {
		if t, err := time.Parse(time.DateOnly, text[:len(time.DateOnly)]); err == nil {
			return t, nil
		}
	}
	return time.Time{}, errMalformedRange
}
