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
	b.Truncate(b.Len() - len("}\n"))
	for _, key := range slices.Sorted(maps.Keys(extra)) {
		if jsonKeys(v).has(key) {
			continue
		}
		if b.Len() > len("{") {
			b.WriteByte(',')
		}
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

// DecodeFields reads a document into the struct that v points to and returns the
// members that it has no field for. A key counts as it is spelled, and its last
// member if it is repeated. It is for codecs.
func DecodeFields(data []byte, v any) (extra map[string]json.RawMessage, err error) {
	if err := checkDocument(data); err != nil {
		return nil, err
	}
	keys := jsonKeys(v)
	if isPlain(data, keys) {
		return nil, json.Unmarshal(data, v)
	}
	fields, err := jsonlimit.Object(data, maxValues)
	if err != nil {
		return nil, err
	}
	old := fields[firstLayout]
	if delete(fields, firstLayout); old != nil && string(old) != "null" {
		if err := lift(fields, old, keys); err != nil {
			return nil, err
		}
	}
	plain := append(make([]byte, 0, len(data)), '{')
	for key, value := range fields {
		if keys.has(key) {
			plain = append(append(append(append(plain, '"'), key...), `":`...), value...)
			plain = append(plain, ',')
			continue
		}
		if extra == nil {
			extra = map[string]json.RawMessage{}
		}
		extra[key] = compact(value)
	}
	return extra, json.Unmarshal(append(bytes.TrimSuffix(plain, []byte(",")), '}'), v)
}

// isPlain reports whether json.Unmarshal reads a document as DecodeFields does: each of
// its members is spelled as one of keys, and stands once. json.Unmarshal takes
// "Seq" for "seq".
func isPlain(valid []byte, keys keySet) bool {
	var seen [64]bool
	for quoted := range jsonlimit.Members(valid) {
		n, known := keys[string(quoted[1:len(quoted)-1])]
		if !known || n >= len(seen) || seen[n] {
			return false
		}
		seen[n] = true
	}
	return jsonlimit.IsObject(valid)
}

// lift puts the members of a document of the first layout in one place.
func lift(fields map[string]json.RawMessage, old json.RawMessage, keys keySet) error {
	own, err := jsonlimit.Object(old, maxValues)
	if err != nil {
		return fmt.Errorf("%s: %w", firstLayout, err)
	}
	delete(own, firstLayout)
	delete(fields, "media_type")
	if id := string(own["id"]); id != "" && id != `""` || string(fields["media_id"]) == "null" {
		delete(fields, "media_id")
	}
	for key, value := range fields {
		if s := string(value); keys.has(key) && (s == "null" || s == `""` || s == "{}") {
			delete(fields, key)
		}
	}
	maps.Copy(fields, own)
	return nil
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
