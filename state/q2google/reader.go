package q2google

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gondola-sync/gondola/internal/jsonlimit"
	"github.com/gondola-sync/gondola/state"
)

// reader takes the members of one JSON object, as tolerantly as q2google does.
// The first error sticks.
type reader struct {
	left map[string]json.RawMessage // not taken yet
	err  error
}

func newReader(data []byte) *reader {
	r := &reader{}
	r.left, r.err = state.Members(data)
	return r
}

// take returns a member and removes it; nil if it is absent or null.
func (r *reader) take(key string) json.RawMessage {
	raw := r.left[key]
	delete(r.left, key)
	if isNull(raw) {
		return nil
	}
	return raw
}

func isNull(raw json.RawMessage) bool { return len(raw) == 0 || string(bytes.TrimSpace(raw)) == "null" }

func (r *reader) fail(key string, err error) {
	if r.err == nil {
		r.err = fmt.Errorf("%s: %w", key, err)
	}
}

// into decodes a member into v and reports whether it was there.
func (r *reader) into(key string, v any) bool {
	raw := r.take(key)
	if raw == nil {
		return false
	}
	if err := json.Unmarshal(raw, v); err != nil {
		r.fail(key, err)
	}
	return true
}

// text returns a string; a number or a truth value counts as its text.
func (r *reader) text(key string) string {
	s, err := scalar(r.take(key))
	if err != nil {
		r.fail(key, err)
	}
	return s
}

// number returns an integer, which may be written as text; absent if there is none.
func (r *reader) number(key string, absent int) int {
	s := strings.TrimSpace(r.text(key))
	if s == "" {
		return absent
	}
	if n, err := strconv.Atoi(s); err == nil {
		return n
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f < -1<<53 || f > 1<<53 {
		r.fail(key, fmt.Errorf("%q is not a whole number", s))
	}
	return int(f)
}

// status returns a status; words that are none of ours, and null, are pending.
func (r *reader) status(key string) state.Status {
	return knownStatus(state.Status(r.text(key)))
}

func knownStatus(s state.Status) state.Status {
	switch s {
	case state.Running, state.Completed, state.Failed, state.Skipped:
		return s
	}
	return state.Pending
}

// time returns a time in UTC; the zero time for what is no time.
func (r *reader) time(key string) time.Time {
	t, _, _ := state.ParseTime(r.text(key))
	return t
}

// list returns an array of strings; nil if it is absent or null.
func (r *reader) list(key string) []string {
	var raw []json.RawMessage
	if !r.into(key, &raw) {
		return nil
	}
	list := make([]string, len(raw))
	for i, v := range raw {
		s, err := scalar(v)
		if err != nil {
			r.fail(key, err)
		}
		list[i] = s
	}
	return list
}

// ours reports whether Gondola wrote the document last: q2google loses its key.
func (r *reader) ours() bool { return r.err == nil && !isNull(r.left[ownKey]) }

// rest returns what nobody took, compact; nil if nothing is left.
func (r *reader) rest() map[string]json.RawMessage {
	if len(r.left) == 0 {
		return nil
	}
	rest := make(map[string]json.RawMessage, len(r.left))
	for _, key := range slices.Collect(maps.Keys(r.left)) {
		var b bytes.Buffer
		b.Grow(len(r.left[key]))
		if err := json.Compact(&b, r.left[key]); err != nil {
			r.fail(key, err)
		}
		rest[key] = b.Bytes()
	}
	return rest
}

// scalar returns the text of a string, number or truth value; "" for null.
func scalar(raw json.RawMessage) (string, error) {
	raw = bytes.TrimSpace(raw)
	switch {
	case isNull(raw):
		return "", nil
	case raw[0] == '"':
		plain, err := jsonlimit.Unquote(raw)
		return string(plain), err
	case raw[0] == '{' || raw[0] == '[':
		return "", errors.New("want text")
	}
	return string(raw), nil
}
