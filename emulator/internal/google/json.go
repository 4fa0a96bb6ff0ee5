package google

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// maxJSON bounds the body of a JSON request, in bytes.
const maxJSON = 10 << 20

// DecodeBody reads the JSON body of a request into v, a pointer to a struct. As
// Google's front end does, it takes null for unset and refuses names that are
// not fields, letter case included.
func DecodeBody(r *http.Request, v any) error {
	data, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxJSON))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return Invalidf("Request payload size exceeds the limit: %d bytes.", maxJSON)
	}
	if err != nil {
		return ErrDropped
	}
	return DecodeJSON(data, v)
}

// DecodeJSON is DecodeBody for a body that was read.
func DecodeJSON(data []byte, v any) error {
	if len(bytes.TrimSpace(data)) == 0 {
		return nil
	}
	var tree any
	if err := json.Unmarshal(data, &tree); err != nil {
		return Invalidf("Invalid JSON payload received. Unable to parse: %v", err)
	}
	if _, ok := tree.(map[string]any); !ok {
		return Invalidf("Invalid JSON payload received. Unknown name \"\": Root element must be a message.")
	}
	if name, at := unknownName(tree, reflect.TypeOf(v).Elem(), ""); name != "" {
		return errUnknownName(name, at)
	}
	if err := json.Unmarshal(data, v); err != nil {
		return Invalidf("Invalid value: %v", err)
	}
	return nil
}

func errUnknownName(name, at string) *Error {
	if at == "" {
		return Invalidf("Invalid JSON payload received. Unknown name %q: Cannot find field.", name)
	}
	return Invalidf("Invalid JSON payload received. Unknown name %q at '%s': Cannot find field.", name, at)
}

// unknownName finds a member of a JSON value that the type has no field for.
func unknownName(value any, t reflect.Type, at string) (name, where string) {
	switch v := value.(type) {
	case []any:
		for i, element := range v {
			if t.Kind() != reflect.Slice {
				return "", ""
			}
			if name, where := unknownName(element, t.Elem(), at+"["+strconv.Itoa(i)+"]"); name != "" {
				return name, where
			}
		}
	case map[string]any:
		return unknownMember(v, t, at)
	}
	return "", ""
}

func unknownMember(object map[string]any, t reflect.Type, at string) (name, where string) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return "", ""
	}
	fields := map[string]reflect.Type{}
	for f := range t.Fields() {
		tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		fields[tag] = f.Type
	}
	for _, key := range sortedKeys(object) {
		field, ok := fields[key]
		if !ok {
			return key, at
		}
		if name, where := unknownName(object[key], field, strings.TrimPrefix(at+"."+snake(key), ".")); name != "" {
			return name, where
		}
	}
	return "", ""
}

func sortedKeys(object map[string]any) []string {
	keys := make([]string, 0, len(object))
	for k := range object {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// snake is the proto spelling of a JSON name.
func snake(name string) string {
	var out strings.Builder
	for _, c := range name {
		if c >= 'A' && c <= 'Z' {
			out.WriteByte('_')
			c += 'a' - 'A'
		}
		out.WriteRune(c)
	}
	return out.String()
}

// Number is an integer that may come as a JSON string, as proto3 allows.
type Number int

// UnmarshalJSON reads a number or a string that holds one.
func (n *Number) UnmarshalJSON(data []byte) error {
	text := string(data)
	if text == "null" {
		return nil
	}
	if unquoted, err := strconv.Unquote(text); err == nil {
		text = unquoted
	}
	v, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		return errors.New(strconv.Quote(text) + " is not an int32")
	}
	*n = Number(v)
	return nil
}
