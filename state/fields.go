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

// encode returns the struct that v points to as a document, followed by the
// members of extra that it has no field for.
func encode(v any, extra map[string]json.RawMessage) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	b.Truncate(b.Len() - len("}\n"))
	for _, key := range slices.Sorted(maps.Keys(extra)) {
		if slices.Contains(jsonKeys(v), key) {
			continue
		}
		b.WriteByte(',')
		if err := enc.Encode(key); err != nil {
			return nil, err
		}
		b.Truncate(b.Len() - len("\n"))
		b.WriteByte(':')
		if err := json.Compact(&b, extra[key]); err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
	}
	b.WriteByte('}')
	if b.Len() > MaxDocument {
		return nil, fmt.Errorf("its document is longer than %d MiB", MaxDocument>>20)
	}
	return b.Bytes(), nil
}

// decode reads a document into the struct that v points to and returns the
// members that it has no field for. A key counts as it is spelled, and its last
// member if it is repeated.
func decode(data []byte, v any) (extra map[string]json.RawMessage, err error) {
	fields, repeated, err := Members(data)
	if err != nil {
		return nil, err
	}
	keys, old := jsonKeys(v), fields[firstLayout]
	if delete(fields, firstLayout); old != nil && string(old) != "null" {
		if err := lift(fields, old, keys); err != nil {
			return nil, err
		}
	}
	for key, value := range fields {
		if slices.Contains(keys, key) {
			continue
		}
		if extra == nil {
			extra = map[string]json.RawMessage{}
		}
		extra[key] = compact(value)
		delete(fields, key)
	}
	if repeated || old != nil || extra != nil { // json.Unmarshal takes "Seq" for "seq"
		if data, err = json.Marshal(fields); err != nil {
			return nil, err
		}
	}
	return extra, json.Unmarshal(data, v)
}

// lift puts the members of a document of the first layout in one place.
func lift(fields map[string]json.RawMessage, old json.RawMessage, keys []string) error {
	own, _, err := membersOf(old)
	if err != nil {
		return fmt.Errorf("%s: %w", firstLayout, err)
	}
	delete(own, firstLayout)
	delete(fields, "media_type")
	if id := string(own["id"]); id != "" && id != `""` || string(fields["media_id"]) == "null" {
		delete(fields, "media_id")
	}
	for key, value := range fields {
		if s := string(value); slices.Contains(keys, key) && (s == "null" || s == `""` || s == "{}") {
			delete(fields, key)
		}
	}
	maps.Copy(fields, own)
	return nil
}

// Members returns the members of a document, each a part of data, and whether a
// key stands more than once: then the last counts.
func Members(data []byte) (m map[string]json.RawMessage, repeated bool, err error) {
	if len(data) > MaxDocument {
		return nil, false, fmt.Errorf("%w: more than %d bytes", jsonlimit.ErrTooLarge, MaxDocument)
	}
	if err := jsonlimit.Check(data, maxValues); err != nil {
		return nil, false, err
	}
	if !json.Valid(data) {
		return nil, false, json.Unmarshal(data, &m) // which says why
	}
	return membersOf(data)
}

// membersOf is Members of what is known to be valid JSON.
func membersOf(valid []byte) (m map[string]json.RawMessage, repeated bool, err error) {
	if !jsonlimit.IsObject(valid) {
		return nil, false, errors.New("want a JSON object")
	}
	m = map[string]json.RawMessage{}
	n := 0
	for quoted, value := range jsonlimit.Members(valid) {
		key, err := jsonlimit.Unquote(quoted)
		if err != nil {
			return nil, false, err
		}
		m[string(key)] = value
		n++
	}
	return m, len(m) < n, nil
}

// compact returns valid JSON without white space, in memory of its own.
func compact(raw json.RawMessage) json.RawMessage {
	b := bytes.NewBuffer(make([]byte, 0, len(raw)))
	_ = json.Compact(b, raw)
	return b.Bytes()
}

// jsonKeys returns the keys that the fields of the struct behind v go by.
func jsonKeys(v any) []string {
	t := reflect.TypeOf(v).Elem()
	if keys, ok := keysByType.Load(t); ok {
		return keys.([]string)
	}
	var keys []string
	for _, f := range reflect.VisibleFields(t) {
		key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if key == "" {
			key = f.Name
		}
		if !f.Anonymous && key != "-" && f.IsExported() {
			keys = append(keys, key)
		}
	}
	keysByType.Store(t, keys)
	return keys
}

var keysByType sync.Map // reflect.Type → []string
