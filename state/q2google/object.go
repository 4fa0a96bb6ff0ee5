package q2google

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/gondola-sync/gondola/internal/jsonlimit"
	"github.com/gondola-sync/gondola/state"
)

// ownKey is the one key under which Gondola's fields stand in the documents it
// shares with q2google. q2google ignores it, and loses it when it saves.
const ownKey = "gondola"

// object is a JSON object that keeps the order of its keys.
type object []member

type member struct {
	key   string
	value any
}

// MarshalJSON writes the members in order.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		key, err := marshal(m.key)
		if err != nil {
			return nil, err
		}
		value, err := marshal(m.value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.key, err)
		}
		b.Write(key)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// with appends the extra members, sorted by key. Keys that o has are its own.
func (o object) with(extra map[string]json.RawMessage) object {
	for _, key := range slices.Sorted(maps.Keys(extra)) {
		if !slices.ContainsFunc(o, func(m member) bool { return m.key == key }) {
			o = append(o, member{key, extra[key]})
		}
	}
	return o
}

// own encodes all that Gondola knows; it reads documents of q2google's form that
// have its own key, too.
var own state.Documents

// document completes the members of one document: what document has beside them,
// under Gondola's key, then the members that neither program knows.
func (o object) document(document []byte, extra map[string]json.RawMessage) ([]byte, error) {
	rest := append(make([]byte, 0, len(document)), '{')
	shared := slices.Concat(o, object{}.with(extra))
	for quoted, value := range jsonlimit.Members(document) {
		if slices.ContainsFunc(shared, func(m member) bool { return m.key == string(bytes.Trim(quoted, `"`)) }) {
			continue
		}
		if len(rest) > 1 {
			rest = append(rest, ',')
		}
		rest = append(append(append(rest, quoted...), ':'), value...)
	}
	compact, err := marshal(append(o, member{ownKey, json.RawMessage(append(rest, '}'))}).with(extra))
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, compact, "", "  "); err != nil {
		return nil, err
	}
	if b.Len() > state.MaxDocument {
		return nil, fmt.Errorf("its document is longer than %d MiB", state.MaxDocument>>20)
	}
	return b.Bytes(), nil
}

// marshal is json.Marshal as Python does it: "<" stays "<".
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
