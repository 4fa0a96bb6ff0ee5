package state

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/gondola-sync/gondola/internal/jsonlimit"
)

// Limits of a document of a session, an item or a batch.
const (
	maxDocument = 16 << 20 // bytes
	maxValues   = 50_000   // all levels counted
)

// checkDocument returns an error for a document that is larger than any that is
// written.
func checkDocument(data []byte) error {
	if len(data) > maxDocument {
		return fmt.Errorf("%w: more than %d bytes", jsonlimit.ErrTooLarge, maxDocument)
	}
	return jsonlimit.Check(data, maxValues)
}

// members returns the members of a JSON object, each a part of data. Of a key
// that stands more than once the last counts.
func members(data []byte) (m map[string]json.RawMessage, err error) {
	if err := checkDocument(data); err != nil {
		return nil, err
	}
	if !json.Valid(data) {
		return nil, json.Unmarshal(data, &m) // which says why
	}
	m, _, err = membersOf(data)
	return m, err
}

// membersOf returns the members of what is known to be valid JSON, and whether
// a key stands more than once.
func membersOf(valid []byte) (m map[string]json.RawMessage, repeated bool, err error) {
	if !jsonlimit.IsObject(valid) {
		return nil, false, errors.New("want a JSON object")
	}
	m = map[string]json.RawMessage{}
	n := 0
	for quoted, value := range jsonlimit.Members(valid) {
		key, err := text(quoted)
		if err != nil {
			return nil, false, err
		}
		m[key] = value
		n++
	}
	return m, len(m) < n, nil
}

// text returns what a string of valid JSON says.
func text(raw []byte) (string, error) {
	plain, err := jsonlimit.Unquote(raw)
	return string(plain), err
}
