package gopro

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/gondola-sync/gondola/internal/jsonlimit"
	"github.com/gondola-sync/gondola/media"
)

// Limits of what an answer is decoded from. What exceeds them counts as absent,
// as what has another type does; a list that exceeds them is an error.
const (
	maxMembers = 300      // of an object
	maxName    = 100      // bytes of a member's name
	maxMember  = 64 << 10 // bytes of a member that is read
	maxTexts   = 300      // elements of a list of texts
	maxRows    = 1000     // of a page
	maxEntries = 50_000   // of each list of a manifest
)

var (
	rowLimits   = jsonlimit.Limits{Elements: maxRows, Bytes: 1 << 20, Values: 10_000}
	entryLimits = jsonlimit.Limits{Elements: maxEntries, Bytes: 1 << 20, Values: 1000}
)

// object is a JSON object whose members are read as what they should be; a
// member of another type counts as absent. It is nil for what is no object. Its
// members are parts of the text that it was decoded from.
type object []member

type member struct{ name, value []byte }

// objectOf decodes valid JSON.
func objectOf(valid []byte) object {
	if !jsonlimit.IsObject(valid) {
		return nil
	}
	o := object{}
	for quoted, value := range jsonlimit.Members(valid) {
		if len(o) == maxMembers {
			break
		}
		if len(quoted) > maxName || len(value) > maxMember {
			continue
		}
		if name, err := jsonlimit.Unquote(quoted); err == nil {
			o = append(o, member{name, value})
		}
	}
	return o
}

// decoded returns a document as an object; nil if it is none.
func decoded(b []byte) object {
	if !json.Valid(b) {
		return nil
	}
	return objectOf(b)
}

// UnmarshalJSON takes anything; what is no object becomes nil.
func (o *object) UnmarshalJSON(b []byte) error {
	*o = decoded(bytes.Clone(b))
	return nil
}

// get returns a member, or nil. Of several of one name the last counts.
func (o object) get(key string) json.RawMessage {
	for i := len(o) - 1; i >= 0; i-- {
		if string(o[i].name) == key {
			return o[i].value
		}
	}
	return nil
}

// text reads a string, or a number as it is written.
func (o object) text(key string) string { return textOf(o.get(key)) }

// word reads a text that describes something.
func (o object) word(key string) string { return media.Word(o.text(key)) }

func textOf(raw json.RawMessage) string {
	if len(raw) > maxMember {
		return ""
	}
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	var n json.Number
	if json.Unmarshal(raw, &n) == nil {
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
	if raw := o.get(key); string(raw) != "null" && json.Unmarshal(raw, &b) == nil {
		return b
	}
	if b, err := strconv.ParseBool(strings.ToLower(o.text(key))); err == nil {
		return b
	}
	return absent
}

// moment reads a time, in UTC unless it says otherwise; zero if there is none
// that can be kept.
func (o object) moment(key string) time.Time {
	s := strings.TrimSpace(o.text(key))
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05", time.DateTime} {
		if t, err := time.Parse(layout, s); err == nil {
			return media.Moment(t)
		}
	}
	return time.Time{}
}

// texts reads an array of strings.
func (o object) texts(key string) []string {
	var all []string
	for raw := range jsonlimit.Elements(o.get(key)) {
		var s string
		if json.Unmarshal(raw, &s) == nil && s != "" && len(all) < maxTexts {
			all = append(all, s)
		}
	}
	return all
}
