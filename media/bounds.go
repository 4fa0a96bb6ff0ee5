package media

import (
	"errors"
	"fmt"
	"time"
	"unicode/utf8"
)

// Limits in bytes of what comes from outside. They are far beyond what anything
// real has, and keep every store able to hold it.
const (
	MaxKey  = 1 << 10 // of an [ID.Key]
	MaxText = 1 << 10 // of a word or a sentence about an item, and of its name
)

// Moment returns a time in UTC, or the zero time for one outside the years 1 to
// 9999: JSON and databases cannot hold it, so it counts as unknown.
func Moment(t time.Time) time.Time {
	if t = t.UTC(); t.Year() < 1 || t.Year() > 9999 {
		return time.Time{}
	}
	return t
}

// Word returns a text that describes something, or "" for one longer than
// [MaxText], which describes nothing.
func Word(s string) string {
	if len(s) > MaxText {
		return ""
	}
	return s
}

// Sentence returns a text for people, cut to at most [MaxText].
func Sentence(s string) string {
	const mark = "…"
	if len(s) <= MaxText {
		return s
	}
	return cut(s, MaxText-len(mark)) + mark
}

// Bounded returns the item with what is beyond all bounds counted as unknown:
// times outside the years 1 to 9999 and texts longer than [MaxText].
func (it Item) Bounded() Item {
	it.CapturedAt, it.CreatedAt = Moment(it.CapturedAt), Moment(it.CreatedAt)
	for _, text := range []*string{&it.LegacyName, &it.MIME, &it.Type, &it.Camera, &it.CapturedZone, &it.Revision} {
		*text = Word(*text)
	}
	if it.Refusal != nil {
		it.Refusal = &Refusal{Code: Word(it.Refusal.Code), Reason: Sentence(it.Refusal.Reason)}
	}
	return it
}

// CheckIdentity returns why an item cannot be told from others in every store,
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
	}
	return nil
}
