package media

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits in bytes of what comes from outside. They are far beyond what anything
// real has, and keep every store able to hold it.
const (
	MaxKey  = 1 << 10 // of an [ID.Key]
	MaxText = 1 << 10 // of a word or a sentence about an item, and of its name

	MaxAlbums = 64 << 10 // of the titles of an item's albums together
)

// Moment returns a time in UTC, or the zero time for one outside the years 1 to
// 9999: JSON and databases cannot hold it, so it counts as unknown.
func Moment(t time.Time) time.Time {
	if t = t.UTC(); t.Year() < 1 || t.Year() > 9999 {
		return time.Time{}
	}
	return t
}

// Word returns a text that describes something as valid UTF-8, or "" for one
// longer than [MaxText], which describes nothing.
func Word(s string) string {
	if len(s) <= MaxText { // a long one is not copied
		s = strings.ToValidUTF8(s, "\ufffd")
	}
	if len(s) > MaxText {
		return ""
	}
	return s
}

// Sentence returns a text for messages, cut to at most [MaxText].
func Sentence(s string) string {
	const mark = "…"
	if len(s) <= MaxText {
		return s
	}
	return cut(s, MaxText-len(mark)) + mark
}

// Bounded returns the item with what is beyond all bounds counted as unknown:
// times outside the years 1 to 9999, texts longer than [MaxText], and albums
// beyond [MaxAlbums]. Its directory becomes safe.
func (it Item) Bounded() Item {
	it.CapturedAt, it.CreatedAt = Moment(it.CapturedAt), Moment(it.CreatedAt)
	for _, text := range []*string{&it.LegacyName, &it.MIME, &it.Type, &it.Camera, &it.CapturedZone, &it.Revision, &it.Version} {
		*text = Word(*text)
	}
	it.Dir, it.Albums = SafeDir(it.Dir), boundedAlbums(it.Albums)
	if it.Refusal != nil {
		it.Refusal = &Refusal{Code: Word(it.Refusal.Code), Reason: Sentence(it.Refusal.Reason)}
	}
	return it
}

// boundedAlbums returns the albums, each title cut to at most [MaxText] and all of
// them together to [MaxAlbums]; those with a blank title, or an id that is no
// [Word], are left out.
func boundedAlbums(albums []Album) (bounded []Album) {
	size := 0
	for _, a := range albums {
		title := strings.ToValidUTF8(Sentence(a.Title), "_")
		if strings.TrimSpace(title) == "" || Word(a.ID) != a.ID {
			continue
		}
		if size += len(a.ID) + len(title); size > MaxAlbums {
			break
		}
		bounded = append(bounded, Album{ID: a.ID, Title: title})
	}
	return bounded
}

// CheckIdentity returns why an item cannot be identified in every store,
// or nil.
func (it Item) CheckIdentity() error {
	switch key := it.ID.Key(); {
	case it.Name == "":
		return errors.New("it has no name")
	case !utf8.ValidString(it.Name):
		return errors.New("its name is not valid UTF-8")
	case len(it.Name) > MaxText:
		return fmt.Errorf("its name is longer than %d bytes", MaxText)
	case len(key) > MaxKey:
		return fmt.Errorf("its id is longer than %d bytes", MaxKey)
	case it.Dir != SafeDir(it.Dir):
		return errors.New("its directory is not a safe relative path")
	}
	return nil
}
