package state

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/gondola-sync/gondola/internal/jsonlimit"
)

// MaxDocument bounds the document of a session, item or batch, in bytes: no
// longer one is read, so none is written.
const MaxDocument = 16 << 20

const maxValues = 50_000 // of a document, all levels counted

// firstLayout is the key under which the first layout kept the members that
// documents of another program lacked.
const firstLayout = "gondola"

// encodeFields returns the struct that v points to as a document, followed by the
// members of extra that it has no field for. It is for codecs.
func encodeFields(v any, extra map[string]json.RawMessage) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	document := bytes.TrimSuffix(b.Bytes(), []byte("}\n"))
	for _, key := range slices.Sorted(maps.Keys(extra)) {
		switch {
		case jsonKeys(v).has(key):
			continue
		case !json.Valid(extra[key]):
			return nil, fmt.Errorf("%s: it is not JSON", key)
		}
		document = jsonlimit.AppendMember(document, key, compact(extra[key]))
	}
	if document = append(document, '}'); len(document) > MaxDocument {
		return nil, fmt.Errorf("its document is longer than %d MiB", MaxDocument>>20)
	}
	return document, nil
}

// DecodeFields reads a document into the struct that v points to and returns the
// members that it has no field for. A key counts as it is spelled, and its last
// member if it is repeated. It is for codecs.
func DecodeFields(data []byte, v any) (extra map[string]json.RawMessage, err error) {
	if err := checkDocument(data); err != nil {
		return nil, err
	}
	m := members{keys: jsonKeys(v), extra: map[string]json.RawMessage{}}
	if err := m.read(data); err != nil {
		return nil, err
	}
	if m.old != nil && string(m.old) != "null" {
		if err := m.lift(); err != nil {
			return nil, fmt.Errorf("%s: %w", firstLayout, err)
		}
	}
	if len(m.extra) == 0 {
		m.extra = nil
	}
	return m.extra, json.Unmarshal(m.plain(len(data)), v)
}

// members are those of a document, each a part of its text.
type members struct {
	keys  keySet
	known []json.RawMessage // by the number of its key; nil if there is none
	extra map[string]json.RawMessage
	old   json.RawMessage // under the key of the first layout
}

// read takes up the members of valid JSON. Of those of one key the last counts.
func (m *members) read(valid []byte) error {
	if !jsonlimit.IsObject(valid) {
		return errors.New("want a JSON object")
	}
	m.known = make([]json.RawMessage, len(m.keys))
	for quoted, value := range jsonlimit.Members(valid) {
		key, err := jsonlimit.Unquote(quoted)
		if err != nil {
			return err
		}
		if n, known := m.keys[string(key)]; known {
			m.known[n] = value
		} else if string(key) == firstLayout {
			m.old = value
		} else {
			m.extra[string(key)] = compact(value)
		}
	}
	return nil
}

// lift puts the members of a document of the first layout in one place.
func (m *members) lift() error {
	own := members{keys: m.keys, extra: map[string]json.RawMessage{}}
	if err := own.read(m.old); err != nil {
		return err
	}
	delete(m.extra, "media_type")
	if id, ok := m.keys["id"]; ok && len(own.known[id]) > len(`""`) || string(m.extra["media_id"]) == "null" {
		delete(m.extra, "media_id")
	}
	for n, value := range own.known {
		if s := string(m.known[n]); value != nil || s == "null" || s == `""` || s == "{}" {
			m.known[n] = value
		}
	}
	maps.Copy(m.extra, own.extra)
	return nil
}

// plain returns an object of the known members, which takes about size bytes.
func (m *members) plain(size int) []byte {
	b := append(make([]byte, 0, size), '{')
	for key, n := range m.keys {
		if value := m.known[n]; value != nil {
			b = jsonlimit.AppendMember(b, key, value)
		}
	}
	return append(b, '}')
}

// checkDocument returns an error for what is too large to be a document, or is
// not JSON.
func checkDocument(data []byte) error {
	if len(data) > MaxDocument {
		return fmt.Errorf("%w: more than %d bytes", jsonlimit.ErrTooLarge, MaxDocument)
	}
	if err := jsonlimit.Check(data, maxValues); err != nil {
		return err
	}
	if !json.Valid(data) {
		return json.Unmarshal(data, &json.RawMessage{}) // which says why
	}
	return nil
}

// Unclaimed returns the members of extra that no document of Gondola has a field
// for: another program may mean something else by them.
func Unclaimed(extra map[string]json.RawMessage) map[string]json.RawMessage {
	maps.DeleteFunc(extra, func(key string, _ json.RawMessage) bool {
		return jsonKeys(&Session{}).has(key) || jsonKeys(&itemDocument{}).has(key) || jsonKeys(&batchDocument{}).has(key)
	})
	if len(extra) == 0 {
		return nil
	}
	return extra
}

// compact returns valid JSON without white space, in memory of its own.
func compact(raw json.RawMessage) json.RawMessage {
	b := bytes.NewBuffer(make([]byte, 0, len(raw)))
	_ = json.Compact(b, raw)
	return b.Bytes()
}

// keySet are the keys that the fields of a struct go by, numbered.
type keySet map[string]int

func (k keySet) has(key string) bool {
	_, ok := k[key]
	return ok
}

// jsonKeys returns the keys of the struct behind v.
func jsonKeys(v any) keySet {
	t := reflect.TypeOf(v).Elem()
	if keys, ok := keysByType.Load(t); ok {
		return keys.(keySet)
	}
	keys := keySet{}
	for _, f := range reflect.VisibleFields(t) {
		key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if key == "" {
			key = f.Name
		}
		if !f.Anonymous && key != "-" && f.IsExported() && !keys.has(key) {
			keys[key] = len(keys)
		}
	}
	keysByType.Store(t, keys)
	return keys
}

var keysByType sync.Map // reflect.Type → keySet
