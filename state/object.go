package state

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
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

// MaxDocument bounds the document of a session, item or batch, in bytes: no
// longer one is read, so none is written.
const MaxDocument = 16 << 20

// document completes the members of one document: Gondola's own fields, then
// the keys that nobody knows.
func (o object) document(own any, extra map[string]json.RawMessage) ([]byte, error) {
	merged, err := withUnknown(own, extra[ownKey])
	if err != nil {
		return nil, err
	}
	compact, err := marshal(append(o, member{ownKey, merged}).with(extra))
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := json.Indent(&b, compact, "", "  "); err != nil {
		return nil, err
	}
	if b.Len() > MaxDocument {
		return nil, fmt.Errorf("its document is longer than %d MiB", MaxDocument>>20)
	}
	return b.Bytes(), nil
}

// withUnknown returns own as an object, followed by the members of unknown that
// own has no field for.
func withUnknown(own any, unknown json.RawMessage) (json.RawMessage, error) {
	known, err := marshal(own)
	if err != nil || len(unknown) == 0 {
		return known, err
	}
	var more map[string]json.RawMessage
	if err := json.Unmarshal(unknown, &more); err != nil {
		return nil, fmt.Errorf("extra %s: %w", ownKey, err)
	}
	for _, key := range jsonKeys(own) {
		delete(more, key)
	}
	if len(more) == 0 {
		return known, nil
	}
	tail, err := marshal(object(nil).with(more))
	switch {
	case err != nil:
		return nil, err
	case len(known) == len("{}"):
		return tail, nil
	}
	return slices.Concat(known[:len(known)-1], []byte(","), tail[1:]), nil
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

// jsonKeys returns the keys that the fields of the struct behind v go by.
func jsonKeys(v any) []string {
	t := reflect.Indirect(reflect.ValueOf(v)).Type()
	if keys, ok := keysByType.Load(t); ok {
		return keys.([]string)
	}
	keys := make([]string, t.NumField())
	for i := range keys {
		keys[i], _, _ = strings.Cut(t.Field(i).Tag.Get("json"), ",")
	}
	keysByType.Store(t, keys)
	return keys
}

var keysByType sync.Map // reflect.Type → []string
