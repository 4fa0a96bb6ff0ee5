package jsonlimit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"unicode/utf8"
)

// IsObject reports whether valid JSON is an object.
func IsObject(valid []byte) bool { return bytes.HasPrefix(bytes.TrimLeft(valid, space), []byte("{")) }

// Elements returns the elements of an array, each a part of the text. The text
// has to be valid JSON; what is no array has none.
func Elements(valid []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		left := bytes.TrimLeft(valid, space)
		if len(left) == 0 || left[0] != '[' {
			return
		}
		for left = skip(left); left[0] != ']'; {
			if left[0] == ',' {
				left = skip(left)
			}
			end := valueEnd(left)
			if !yield(left[:end:end]) {
				return
			}
			left = bytes.TrimLeft(left[end:], space)
		}
	}
}

// Members returns the members of an object, each a part of the text: the name
// with its quotes, for [Unquote], and the value. The text has to be valid JSON; what
// is no object has none.
func Members(valid []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		left := bytes.TrimLeft(valid, space)
		if len(left) == 0 || left[0] != '{' {
			return
		}
		for left = skip(left); left[0] != '}'; {
			if left[0] == ',' {
				left = skip(left)
			}
			end := textEnd(left)
			name := left[:end:end]
			left = skip(bytes.TrimLeft(left[end:], space)) // the colon
			end = valueEnd(left)
			if !yield(name, left[:end:end]) {
				return
			}
			left = bytes.TrimLeft(left[end:], space)
		}
	}
}

// Object returns the members of an object by name, each value a part of the text,
// which has to be valid JSON. Of a name that stands more than once the last counts.
// What is no object, or has more than so many members, is an error.
func Object(valid []byte, most int) (map[string]json.RawMessage, error) {
	if !IsObject(valid) {
		return nil, errors.New("want a JSON object")
	}
	members := map[string]json.RawMessage{}
	for quoted, value := range Members(valid) {
		name, err := Unquote(quoted)
		if err != nil {
			return nil, err
		}
		if members[string(name)] = value; len(members) > most {
			return nil, fmt.Errorf("%w: more than %d members", ErrTooLarge, most)
		}
	}
	return members, nil
}

// AppendMember appends a member to the text of an object that is not closed yet.
func AppendMember(object []byte, name string, value []byte) []byte {
	if len(object) > len("{") {
		object = append(object, ',')
	}
	if strings.IndexFunc(name, isSpecial) < 0 {
		object = append(append(append(object, '"'), name...), '"')
	} else {
		quoted, _ := json.Marshal(name) // there is no text that cannot be written
		object = append(object, quoted...)
	}
	return append(append(object, ':'), value...)
}

// isSpecial reports whether a text with this character is not written as it is.
func isSpecial(c rune) bool { return c < ' ' || c == '"' || c == '\\' || c == utf8.RuneError }

// Member returns the value of an object's member, a part of the text, or nil. The
// text has to be valid JSON. Of a name that stands more than once the last counts.
func Member(valid []byte, name string) (value []byte) {
	for quoted, v := range Members(valid) {
		if len(quoted) > 6*len(name)+2 { // "\u0061" at the most
			continue
		}
		if text, err := Unquote(quoted); err == nil && string(text) == name {
			value = v
		}
	}
	return value
}

// Unquote returns what a string of valid JSON says, a part of the text if that is
// possible.
func Unquote(quoted []byte) ([]byte, error) {
	if plain := quoted[1 : len(quoted)-1]; bytes.IndexByte(plain, '\\') < 0 && utf8.Valid(plain) {
		return plain, nil
	}
	var s string
	err := json.Unmarshal(quoted, &s)
	return []byte(s), err
}

// valueEnd returns the length of the value that valid JSON begins with.
func valueEnd(data []byte) int {
	if data[0] == '"' {
		return textEnd(data)
	}
	depth := 0
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case c == '"':
			i += textEnd(data[i:]) - 1
		case c == '{', c == '[':
			depth++
		case depth == 0 && strings.IndexByte(",]}"+space, c) >= 0:
			return i // after a number or a word
		case c == '}', c == ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return len(data)
}

// textEnd returns the length of the string that data begins with; all of data if
// it does not end.
func textEnd(data []byte) int {
	for i := 1; i < len(data); i++ {
		switch data[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(data)
}
