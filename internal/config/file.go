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

// document is what a config file says.
type document struct {
	values map[string][]string         // by flag name
	tables map[string]map[string]Table // by service and profile
}

// readFile reads a config file.
func readFile(path string) (document, error) {
	data, err := regular.Read(path, maxFileSize)
	if err != nil {
		return document{}, fmt.Errorf("read config file: %w", err)
	}
	doc, err := parseFile(data)
	if err != nil {
		return document{}, fmt.Errorf("config file %s: %w", path, err)
	}
	return doc, nil
}

// parseFile turns a TOML document into texts.
func parseFile(data []byte) (document, error) {
	if err := checkSize(data); err != nil {
		return document{}, err
	}
	var parsed map[string]any
	if _, err := toml.NewDecoder(bytes.NewReader(data)).Decode(&parsed); err != nil {
		return document{}, malformed(err)
	}
	doc := document{values: map[string][]string{}, tables: map[string]map[string]Table{}}
	for key, v := range parsed {
		if err := doc.add(key, v); err != nil {
			return document{}, err
		}
	}
	return doc, nil
}

func (d document) add(key string, v any) (err error) {
	if table, ok := v.(map[string]any); ok {
		d.tables[key], err = parseTables(key, table)
		return err
	}
	if d.values[key], err = fileValue(v); err != nil {
		return fmt.Errorf("key %q: %w", key, err)
	}
	return nil
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
	for _, key := range slices.Sorted(maps.Keys(s.file.values)) {
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
