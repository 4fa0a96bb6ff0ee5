package media

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// MaxTitle is the most characters that the title of an album has.
const MaxTitle = 500

// AlbumTitle returns a title as albums bear it: in NFC and without the space
// around it. It returns an error for what can be no title: text that is blank,
// longer than MaxTitle, not UTF-8, or has control characters.
func AlbumTitle(text string) (string, error) {
	if !utf8.ValidString(text) {
		return "", errors.New("an album title has to be valid UTF-8")
	}
	title := norm.NFC.String(strings.TrimSpace(text))
	switch n := utf8.RuneCountInString(title); {
	case n == 0:
		return "", errors.New("an album title must not be blank")
	case n > MaxTitle:
		return "", fmt.Errorf("an album title has at most %d characters; this one has %d", MaxTitle, n)
	case strings.ContainsFunc(title, unicode.IsControl):
		return "", errors.New("an album title must not have control characters")
	}
	return title, nil
}
