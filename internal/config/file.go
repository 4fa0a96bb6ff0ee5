package config

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/gondola-sync/gondola/internal/regular"
)

// Limits of the config file, far more than all flags take.
const (
	maxFileSize   = 64 << 10 // bytes
	maxFileLine   = 4 << 10  // bytes
	maxFileValues = 2000     // keys, their parts, and elements of lists
)

// separators stand between the values of a TOML document, and in texts, too.
const separators = "\n,[{=."

// readFile reads a config file into values by flag name.
func readFile(path string) (map[string][]string, error) {
	data, err := regular.Read(path, maxFileSize)
	if err != nil {
		return nil, fmt.Errorf("read config file: %w", err)
	}
	values, err := parseFile(data)
	if err != nil {
		return nil, fmt.Errorf("config file %s: %w", path, err)
	}
	return values, nil
}

// parseFile turns a TOML document of plain values and lists into texts.
func parseFile(data []byte) (map[string][]string, error) {
	if err := checkSize(data); err != nil {
		return nil, err
	}
	var doc map[string]any
	if _, err := toml.NewDecoder(bytes.NewReader(data)).Decode(&doc); err != nil {
		return nil, malformed(err)
	}
	values := make(map[string][]string, len(doc))
	for key, v := range doc {
		texts, err := fileValue(v)
		if err != nil {
			return nil, fmt.Errorf("key %q: %w", key, err)
		}
		values[key] = texts
	}
	return values, nil
}

// malformed says where a TOML document is malformed, without quoting it: it may
// hold the password of a store.
func malformed(err error) error {
	if e, ok := errors.AsType[toml.ParseError](err); ok {
		return fmt.Errorf("line %d is not valid TOML", e.Position.Line)
	}
	return errors.New("it is not valid TOML")
}

// checkSize returns an error for a document that would be decoded into many times
// its length.
func checkSize(data []byte) error {
	if countAny(data, separators) > 3*maxFileValues {
		return fmt.Errorf("it has more than %d values", maxFileValues)
	}
	n := 0
	for line := range bytes.Lines(data) {
		if n++; len(line) > maxFileLine {
			return fmt.Errorf("line %d is longer than %d bytes", n, maxFileLine)
		}
	}
	return nil
}

// countAny returns how often one of the characters stands in data.
func countAny(data []byte, chars string) (n int) {
	for _, c := range []byte(chars) {
		n += bytes.Count(data, []byte{c})
	}
	return n
}

func fileValue(v any) ([]string, error) {
	list, ok := v.([]any)
	if !ok {
		text, err := scalar(v)
		return []string{text}, err
	}
	texts := make([]string, 0, len(list))
	for _, e := range list {
		text, err := scalar(e)
		if err != nil {
			return nil, err
		}
		texts = append(texts, text)
	}
	return texts, nil
}

func scalar(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case bool:
		return strconv.FormatBool(v), nil
	case fmt.Stringer: // dates and times
		return v.String(), nil
	}
	return "", fmt.Errorf("a text, whole number, true or false is expected, or a list of them")
}

// CheckKeys returns a [*UsageError] that names the first key of the config file
// that is none of the known flag names.
func (s *Sources) CheckKeys(known map[string]bool) error {
	for _, key := range slices.Sorted(maps.Keys(s.file)) {
		if !known[key] {
			return &UsageError{Message: fmt.Sprintf("config file %s: unknown key %q; keys are the names of flags, without the dashes%s",
				s.path, key, suggest(key, known))}
		}
	}
	return nil
}

// suggest offers the known key that differs from key only in case or in _ for -.
func suggest(key string, known map[string]bool) string {
	if k := strings.ToLower(strings.ReplaceAll(key, "_", "-")); known[k] {
		return fmt.Sprintf(" (did you mean %q?)", k)
	}
	return ""
}
