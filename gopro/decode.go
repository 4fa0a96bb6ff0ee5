package gopro

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"
)

// object is a JSON object whose members are read as what they should be; a
// member of another type counts as absent.
type object map[string]json.RawMessage

// UnmarshalJSON takes anything; what is no object becomes nil.
func (o *object) UnmarshalJSON(b []byte) error {
	var m map[string]json.RawMessage
	if json.Unmarshal(b, &m) != nil {
		m = nil
	}
	*o = m
	return nil
}

// list is a JSON array; anything else becomes an empty one. The elements are
// as tolerant as their type.
type list[T any] []T

// UnmarshalJSON takes anything.
func (l *list[T]) UnmarshalJSON(b []byte) error {
	var items []T
	if json.Unmarshal(b, &items) != nil {
		items = nil
	}
	*l = items
	return nil
}

// text reads a string, or a number as it is written.
func (o object) text(key string) string {
	var s string
	if json.Unmarshal(o[key], &s) == nil {
		return s
	}
	var n json.Number
	if json.Unmarshal(o[key], &n) == nil {
		return n.String()
	}
	return ""
}

// whole reads a whole number that is not negative, also one in a string.
func (o object) whole(key string) (int64, bool) {
	s := strings.TrimSpace(o.text(key))
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n, n >= 0
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || f != math.Trunc(f) || f < 0 || f >= 1<<53 {
		return 0, false
	}
	return int64(f), true
}

// count reads a whole number of a size that numbers of things and pixels have;
// 0 if there is none.
func (o object) count(key string) int {
	n, ok := o.whole(key)
	if !ok || n > math.MaxInt32 {
		return 0
	}
	return int(n)
}

// flag reads a boolean, also one in a string or a number.
func (o object) flag(key string, absent bool) bool {
	var b bool
	if raw := o[key]; string(raw) != "null" && json.Unmarshal(raw, &b) == nil {
		return b
	}
	if b, err := strconv.ParseBool(strings.ToLower(o.text(key))); err == nil {
		return b
	}
	return absent
}

// moment reads a time, in UTC unless it says otherwise; zero if there is none.
func (o object) moment(key string) time.Time {
	s := strings.TrimSpace(o.text(key))
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05", time.DateTime} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// texts reads an array of strings.
func (o object) texts(key string) []string {
	var raw []json.RawMessage
	if json.Unmarshal(o[key], &raw) != nil {
		return nil
	}
	var all []string
	for i := range raw {
		var s string
		if json.Unmarshal(raw[i], &s) == nil && s != "" {
			all = append(all, s)
		}
	}
	return all
}
