package state

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"
)

// members returns the members of a JSON object, each a part of data. Of a key
// that stands more than once the last counts.
func members(data []byte) (m map[string]json.RawMessage, err error) {
	if !json.Valid(data) {
		return nil, json.Unmarshal(data, &m) // which says why
	}
	m, _, err = membersOf(data)
	return m, err
}

// membersOf returns the members of what is known to be valid JSON, and whether
// a key stands more than once.
func membersOf(valid []byte) (m map[string]json.RawMessage, repeated bool, err error) {
	left := bytes.TrimLeft(valid, space)
	if left[0] != '{' {
		return nil, false, errors.New("want a JSON object")
	}
	m = map[string]json.RawMessage{}
	n := 0
	for left = skip(left); left[0] != '}'; n++ {
		if left[0] == ',' {
			left = skip(left)
		}
		end := textEnd(left)
		key, err := text(left[:end])
		if err != nil {
			return nil, false, err
		}
		left = skip(bytes.TrimLeft(left[end:], space)) // the colon
		end = valueEnd(left)
		m[key] = json.RawMessage(left[:end:end])
		left = bytes.TrimLeft(left[end:], space)
	}
	return m, len(m) < n, nil
}

const space = " \t\r\n"

// skip leaves out one character and the white space after it.
func skip(data []byte) []byte { return bytes.TrimLeft(data[1:], space) }

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

// textEnd returns the length of the string that valid JSON begins with.
func textEnd(data []byte) int {
	for i := 1; ; i++ {
		switch data[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
}

// text returns what a string of valid JSON says.
func text(raw []byte) (s string, err error) {
	if plain := raw[1 : len(raw)-1]; bytes.IndexByte(plain, '\\') < 0 && utf8.Valid(plain) {
		return string(plain), nil
	}
	err = json.Unmarshal(raw, &s)
	return s, err
}
