package mongo

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// jsonOf returns what a stored document says, without its members of the given
// names, and where it stands.
func jsonOf(collection string, raw bson.Raw, without ...string) (data []byte, where string, err error) {
	where = fmt.Sprintf("document %s of collection %s, session %s", raw.Lookup(fieldID), collection, raw.Lookup(fieldSession))
	if data, err = toJSON(raw, without...); err != nil {
		err = corrupt(where, err)
	}
	return data, where, err
}

// corrupt is the fault of a document that cannot be read.
func corrupt(where string, err error) error {
	return broken("read "+where, err, "correct the document or delete it, then run the same command again")
}

// toJSON converts a BSON document into a JSON object, without its members of
// the given names. Types that JSON does not have become objects of MongoDB's
// extended JSON.
func toJSON(raw bson.Raw, without ...string) ([]byte, error) {
	var d bson.D
	if err := bson.Unmarshal(raw, &d); err != nil {
		return nil, err
	}
	d = slices.DeleteFunc(d, func(e bson.E) bool { return slices.Contains(without, e.Key) })
	return json.Marshal(inJSON(d))
}

// inJSON returns what json.Marshal takes in the place of a value, and changes it
// for that.
func inJSON(v any) any {
	switch v := v.(type) {
	case bson.D:
		for n, e := range v {
			v[n] = bson.E{Key: unescapes.Replace(e.Key), Value: inJSON(e.Value)}
		}
	case bson.A:
		for n := range v {
			v[n] = inJSON(v[n])
		}
	case nil, bool, string, int32, int64:
	default:
		return foreign{v}
	}
	return v
}

// foreign is a value that json.Marshal would write in another way.
type foreign struct{ v any }

// MarshalJSON returns the value as a number if that is read as the same value, and
// in canonical extended JSON otherwise.
func (f foreign) MarshalJSON() ([]byte, error) {
	text := ""
	switch v := f.v.(type) {
	case float64:
		if text = strconv.FormatFloat(v, 'g', -1, 64); !strings.ContainsAny(text, ".e") {
			text += ".0" // a double stays one
		}
	case bson.Decimal128:
		text = v.String()
	}
	if n, err := number(text); err == nil && n == f.v && json.Valid([]byte(text)) {
		return []byte(text), nil
	}
	return canonical(f.v)
}

// canonical returns a value in canonical extended JSON.
func canonical(v any) ([]byte, error) {
	text, err := bson.MarshalExtJSON(bson.D{{Key: "v", Value: v}}, true, false)
	if err != nil {
		return nil, err
	}
	var doc struct{ V json.RawMessage }
	err = json.Unmarshal(text, &doc)
	return doc.V, err
}
