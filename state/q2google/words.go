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

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/jsonlimit"
	"github.com/gondola-sync/gondola/state"
)

// The types of this file read what q2google reads, as tolerantly, and write what it
// writes.

// text is a string. A number or a truth value counts as its text, null as "".
type text string

// UnmarshalJSON implements [json.Unmarshaler].
func (t *text) UnmarshalJSON(data []byte) error {
	switch {
	case isNull(data):
		*t = ""
	case data[0] == '"':
		plain, err := jsonlimit.Unquote(data)
		*t = text(plain)
		return err
	case data[0] == '{' || data[0] == '[':
		return errors.New("want text")
	default:
		*t = text(data)
	}
	return nil
}

// orNull returns nil, which is written as null, for no text.
func orNull(s string) *text {
	if s == "" {
		return nil
	}
	return (*text)(&s)
}

func (t *text) or(absent string) string {
	if t == nil {
		return absent
	}
	return string(*t)
}

// number is a whole number, which may be written as text. null and "" leave it as
// it is.
type number int

// UnmarshalJSON implements [json.Unmarshaler].
func (n *number) UnmarshalJSON(data []byte) error {
	var s text
	if err := s.UnmarshalJSON(data); err != nil {
		return err
	}
	word := strings.TrimSpace(string(s))
	if word == "" {
		return nil
	}
	if i, err := strconv.Atoi(word); err == nil {
		*n = number(i)
		return nil
	}
	f, err := strconv.ParseFloat(word, 64)
	if err != nil || f < -1<<53 || f > 1<<53 {
		return fmt.Errorf("%q is not a whole number", word)
	}
	*n = number(f)
	return nil
}

// moment is a time; what is no time is the zero time.
type moment time.Time

// MarshalJSON implements [json.Marshaler].
func (m moment) MarshalJSON() ([]byte, error) { return json.Marshal(state.FormatTime(time.Time(m))) }

// UnmarshalJSON implements [json.Unmarshaler].
func (m *moment) UnmarshalJSON(data []byte) error {
	var s text
	err := s.UnmarshalJSON(data)
	t, _, _ := state.ParseTime(string(s))
	*m = moment(t)
	return err
}

// stages are the stages in order.
var stages = [...]state.Stage{state.Discovery, state.Transfer, state.Create}

// byStage is written in the order of the stages.
type byStage[T any] map[state.Stage]T

// MarshalJSON implements [json.Marshaler].
func (m byStage[T]) MarshalJSON() ([]byte, error) {
	others := slices.DeleteFunc(slices.Sorted(maps.Keys(m)), func(s state.Stage) bool { return slices.Contains(stages[:], s) })
	b := bytes.NewBufferString("{")
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	for _, stage := range slices.Concat(stages[:], others) {
		v, ok := m[stage]
		if !ok {
			continue
		}
		if b.Len() > len("{") {
			b.WriteByte(',')
		}
		if err := enc.Encode(stage); err != nil {
			return nil, err
		}
		b.WriteByte(':')
		if err := enc.Encode(v); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// record is an error record.
type record struct {
	Type    text        `json:"error_type"`
	Message text        `json:"message"`
	Attempt number      `json:"attempt"`
	At      moment      `json:"updated_at"`
	Class   fault.Class `json:"class,omitempty"` // Gondola's
}

func recordOf(e *state.ErrorRecord) *record {
	if e == nil {
		return nil
	}
	b := e.Bounded()
	return &record{text(b.Type), text(b.Message), number(b.Attempt), moment(b.At), b.Class}
}

// UnmarshalJSON implements [json.Unmarshaler].
func (r *record) UnmarshalJSON(data []byte) error {
	type bare record
	b := bare{Attempt: 1}
	_, err := state.DecodeFields(data, &b)
	b.Class = "" // q2google knows none
	*r = record(b)
	return err
}

func (r *record) record() *state.ErrorRecord {
	if r == nil {
		return nil
	}
	return &state.ErrorRecord{Type: string(r.Type), Message: string(r.Message), Attempt: int(r.Attempt), At: time.Time(r.At)}
}
