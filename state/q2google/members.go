package q2google

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gondola-sync/gondola/internal/jsonlimit"
	"github.com/gondola-sync/gondola/state"
)

// members are the members of a JSON object.
type members = map[string]json.RawMessage

// object lists the members of an object that q2google knows, in its order.
type object []member

// member is a member of an object.
type member struct {
	key    string
	absent string // how q2google writes that there is none; "" if it leaves it out
	kind   kind
}

// kind is a kind of values: how Gondola writes one that q2google wrote, nil if it
// says nothing, and how q2google writes one of Gondola's. It reads as tolerantly as
// q2google does.
type kind struct {
	read  func(json.RawMessage) (json.RawMessage, error)
	write func(json.RawMessage) json.RawMessage
}

func asIs(value json.RawMessage) json.RawMessage { return value }

// isNone reports whether a member has no value, or is not there.
func isNone(value []byte) bool { return value == nil || string(value) == "null" }

func (o object) has(key string) bool {
	return slices.ContainsFunc(o, func(m member) bool { return m.key == key })
}

// read takes the members that q2google knows out of all, and returns those that
// say something.
func (o object) read(all members) (members, error) {
	fields := members{}
	for _, m := range o {
		value := all[m.key]
		delete(all, m.key)
		if isNone(value) {
			continue
		}
		value, err := m.kind.read(value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.key, err)
		}
		if value != nil {
			fields[m.key] = value
		}
	}
	return fields, nil
}

// write returns an object of what q2google knows, in order, and then all others of
// the members, which it uses up.
func (o object) write(fields members) json.RawMessage {
	b := []byte("{")
	for _, m := range o {
		if value, ok := fields[m.key]; ok {
			b = jsonlimit.AppendMember(b, m.key, m.kind.write(value))
		} else if m.absent != "" {
			b = jsonlimit.AppendMember(b, m.key, []byte(m.absent))
		}
		delete(fields, m.key)
	}
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		b = jsonlimit.AppendMember(b, key, fields[key])
	}
	return append(b, '}')
}

func membersOf(valid []byte) (members, error) { return jsonlimit.Object(valid, math.MaxInt) }

// kind returns the kind of such objects, whose members are read as given.
func (o object) kind(read func(members) (members, error)) kind {
	return kind{
		read: func(value json.RawMessage) (json.RawMessage, error) {
			all, err := membersOf(value)
			if err == nil {
				all, err = read(all)
			}
			if err != nil || len(all) == 0 {
				return nil, err
			}
			return object{}.write(all), nil
		},
		write: func(value json.RawMessage) json.RawMessage {
			all, _ := membersOf(value) // Gondola wrote an object
			return o.write(all)
		},
	}
}

// anything is a value that no program looks into.
var anything = kind{write: asIs, read: func(value json.RawMessage) (json.RawMessage, error) { return value, nil }}

func quote(s string) json.RawMessage {
	quoted, _ := json.Marshal(s) // of a string never fails
	return quoted
}

// text is a string. A number or a truth value counts as its text.
var text = kind{write: asIs, read: func(value json.RawMessage) (json.RawMessage, error) {
	switch value[0] {
	case '"':
		return value, nil
	case '{', '[':
		return nil, errors.New("want text")
	}
	return quote(string(value)), nil
}}

// textOf returns what a text says, or "" for what is none.
func textOf(value json.RawMessage) string {
	var s string
	_ = json.Unmarshal(value, &s)
	return s
}

// number is a whole number, which may be written as text. "" is none.
var number = kind{write: asIs, read: func(value json.RawMessage) (json.RawMessage, error) {
	value, err := text.read(value)
	if err != nil {
		return nil, err
	}
	word := strings.TrimSpace(textOf(value))
	if word == "" {
		return nil, nil
	}
	f, err := strconv.ParseFloat(word, 64)
	if err != nil || f < -1<<53 || f > 1<<53 {
		return nil, fmt.Errorf("%q is not a whole number", word)
	}
	return strconv.AppendInt(nil, int64(f), 10), nil
}}

// moment is a time. What is no time is none.
var moment = kind{
	read: func(value json.RawMessage) (json.RawMessage, error) {
		value, err := text.read(value)
		if err != nil {
			return nil, err
		}
		t, _, err := state.ParseTime(textOf(value))
		if err != nil {
			return nil, nil
		}
		return json.Marshal(t)
	},
	write: func(value json.RawMessage) json.RawMessage {
		var t time.Time
		_ = json.Unmarshal(value, &t) // Gondola wrote it
		return quote(state.FormatTime(t))
	},
}

// texts is a list of texts.
var texts = kind{write: asIs, read: func(value json.RawMessage) (json.RawMessage, error) {
	var all []json.RawMessage
	if err := json.Unmarshal(value, &all); err != nil || len(all) == 0 {
		return nil, err
	}
	for n, value := range all {
		var err error
		if isNone(value) {
			all[n] = quote("")
		} else if all[n], err = text.read(value); err != nil {
			return nil, err
		}
	}
	return json.Marshal(all)
}}

// byStage are values of a kind by stage.
func byStage(k kind) kind {
	inOrder := object{}
	for _, stage := range []state.Stage{state.Discovery, state.Transfer, state.Create} {
		inOrder = append(inOrder, member{key: string(stage), kind: k})
	}
	return inOrder.kind(func(all members) (members, error) {
		var stages object
		for stage := range all {
			stages = append(stages, member{key: stage, kind: k})
		}
		return stages.read(all)
	})
}

// recordObject lists the members of an error record.
var recordObject = object{
	{"error_type", `""`, text}, {"message", `""`, text}, {"attempt", "1", number}, {"updated_at", `""`, moment},
}

// record is an error record. Of other members, it reads none.
var record = recordObject.kind(func(all members) (members, error) {
	fields, err := recordObject.read(all)
	if err == nil && fields["attempt"] == nil {
		fields["attempt"] = json.RawMessage("1")
	}
	return fields, err
})
