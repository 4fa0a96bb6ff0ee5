package gopro

import (
	"fmt"
	"net/http"
	"strings"
)

// versionOf returns what identifies the bytes behind an answer, size of them in
// all: a strong ETag, else the date of the last change with the size, and
// "" if the answer has neither. A weak ETag may stand for several bytes.
func versionOf(h http.Header, size int64) string {
	if tag := h.Get("ETag"); isStrongTag(tag) {
		return tag
	}
	if at, err := http.ParseTime(h.Get("Last-Modified")); err == nil {
		return fmt.Sprintf("%s; %d bytes", at.UTC().Format(http.TimeFormat), size)
	}
	return ""
}

// ifRange returns the validator in a version, for the header of that name.
func ifRange(version string) string {
	if isStrongTag(version) {
		return version
	}
	date, _, _ := strings.Cut(version, ";")
	if _, err := http.ParseTime(date); err != nil {
		return ""
	}
	return date
}

func isStrongTag(tag string) bool { return len(tag) > 2 && tag[0] == '"' && tag[len(tag)-1] == '"' }
