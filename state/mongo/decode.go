package mongo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// decode reads a document of a collection into what json.Unmarshal takes.
func decode(collection string, raw bson.Raw, v any) error {
	data, err := toJSON(raw)
	if err == nil {
		err = json.Unmarshal(data, v)
	}
	if err != nil {
		return corrupt(place(collection, raw), err)
	}
	return nil
}

// toJSON converts a BSON document into a JSON object, without its members of
// the given names. Types that JSON does not have become objects of MongoDB's
// extended JSON.
func toJSON(doc bson.Raw, without ...string) ([]byte, error) {
	var b bytes.Buffer
	err := writeObject(&b, doc, without)
	return b.Bytes(), err
}

func writeObject(b *bytes.Buffer, doc bson.Raw, without []string) error {
	elements, err := doc.Elements()
	if err != nil {
		return err
	}
	b.WriteByte('{')
	first := true
next:
	for _, e := range elements {
		key := e.Key()
		for _, name := range without {
			if key == name {
				continue next
			}
		}
		if !first {
			b.WriteByte(',')
		}
		first = false
		if err := writeText(b, unescape(key)); err != nil {
			return err
		}
		b.WriteByte(':')
		if err := writeJSON(b, e.Value()); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	b.WriteByte('}')
	return nil
}

func writeArray(b *bytes.Buffer, array bson.RawArray) error {
	values, err := array.Values()
	if err != nil {
		return err
	}
	b.WriteByte('[')
	for i, v := range values {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := writeJSON(b, v); err != nil {
			return err
		}
	}
	b.WriteByte(']')
	return nil
}

// writeText writes a string as Python does: "<" stays "<".
func writeText(b *bytes.Buffer, s string) error {
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(s)
	b.Truncate(b.Len() - len("\n"))
	return err
}

func writeJSON(b *bytes.Buffer, v bson.RawValue) error {
	switch v.Type {
	case bson.TypeEmbeddedDocument:
		return writeObject(b, v.Document(), nil)
	case bson.TypeArray:
		return writeArray(b, v.Array())
	case bson.TypeString:
		return writeText(b, v.StringValue())
	case bson.TypeBoolean:
		b.WriteString(strconv.FormatBool(v.Boolean()))
	case bson.TypeNull:
		b.WriteString("null")
	case bson.TypeInt32:
		b.WriteString(strconv.FormatInt(int64(v.Int32()), 10))
	case bson.TypeInt64:
		b.WriteString(strconv.FormatInt(v.Int64(), 10))
	case bson.TypeDouble:
		return writeDouble(b, v)
	case bson.TypeDecimal128:
		return writeDecimal(b, v)
	default:
		return writeExtended(b, v)
	}
	return nil
}

func writeDouble(b *bytes.Buffer, v bson.RawValue) error {
	f := v.Double()
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return writeExtended(b, v)
	}
	text := strconv.FormatFloat(f, 'g', -1, 64)
	if !strings.ContainsAny(text, ".e") {
		text += ".0" // a double stays one
	}
	b.WriteString(text)
	return nil
}

// writeDecimal writes a decimal as a number if that is read as the same decimal.
func writeDecimal(b *bytes.Buffer, v bson.RawValue) error {
	text := v.Decimal128().String()
	if json.Valid([]byte(text)) {
		if n, err := number(text); err == nil && n == v.Decimal128() {
			b.WriteString(text)
			return nil
		}
	}
	return writeExtended(b, v)
}

func writeExtended(b *bytes.Buffer, v bson.RawValue) error {
	text, err := bson.MarshalExtJSON(bson.D{{Key: "v", Value: v}}, true, false)
	if err != nil {
		return err
	}
	text = bytes.TrimSpace(text)
	b.Write(text[len(`{"v":`) : len(text)-len(`}`)])
	return nil
}
