package mongo

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"go.mongodb.org/mongo-driver/v2/bson"
	"pgregory.net/rapid"
)

// there converts JSON into stored BSON and back.
func there(t testing.TB, data []byte) (bson.Raw, []byte) {
	t.Helper()
	d, err := toBSON(data)
	if err != nil {
		t.Fatalf("toBSON(%s): %v", data, err)
	}
	raw, err := bson.Marshal(d)
	if err != nil {
		t.Fatalf("marshal %s: %v", data, err)
	}
	back, err := toJSON(raw)
	if err != nil {
		t.Fatalf("toJSON of %s: %v", data, err)
	}
	return raw, back
}

func TestRoundTrip(t *testing.T) {
	for _, text := range []string{
		`{}`,
		`{"z":1,"a":[],"m":{"":{}},"b":[[1],[{"x":null}]]}`,
		`{"n":[0,-1,2147483647,2147483648,-2147483649,9223372036854775807,-9223372036854775808]}`,
		`{"n":[9223372036854775808,1234567890123456789012345678901234]}`,
		`{"n":[0.1,-0.5,1.5,5.0,1e+30,5e-324,1.7976931348623157e+308,-0.0]}`,
		`{"a.b":1,"$set":2,"a$b":3,"%":4,"50%":5,"%2E":6,"%252E":7,"%24":8,"a\u0000b":9,"..":10,"$":11,"%%25":12}`,
		`{"s":["","é漢🚠","a\u0000b","<&>","\"\\/","\n\t"]}`,
		`{"d":{"$date":{"$numberLong":"1767862800000"}},"o":{"$oid":"69600e2f1c9d440000a1b2c3"}}`,
		`{"$oid":"not one","x":{"$oid":1},"y":{"$date":"2026-01-08T09:00:00Z"},"z":{"$numberInt":"5"},"w":{"$oid":"69600e2f1c9d440000a1b2c3","more":1}}`,
		`{"x":{"$numberDouble":"NaN"},"y":{"$numberDecimal":"1.50"},"b":{"$binary":{"base64":"AQI=","subType":"00"}}}`,
	} {
		_, back := there(t, []byte(text))
		var a, b any
		if err := errors.Join(json.Unmarshal([]byte(text), &a), json.Unmarshal(back, &b)); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(a, b) || len(keysOf(t, text)) != len(keysOf(t, string(back))) {
			t.Errorf("%s\ncame back as\n%s", text, back)
		}
		if got, want := keysOf(t, string(back)), keysOf(t, text); !reflect.DeepEqual(got, want) {
			t.Errorf("keys in order: %q, want %q", got, want)
		}
	}
}

// keysOf returns all strings and numbers of a JSON text in order.
func keysOf(t *testing.T, text string) (list []json.Token) {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	for {
		token, err := dec.Token()
		if token == nil && err != nil {
			return list
		}
		if n, ok := token.(json.Number); ok {
			value, err := number(n.String())
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, value)
			continue
		}
		list = append(list, token)
	}
}

func TestTypes(t *testing.T) {
	raw, _ := there(t, []byte(`{"a":5,"b":5000000000,"c":0.5,"d":9223372036854775808,"e":"x","f":null,"g":true,"h":[],"i":{},"j":{"$date":{"$numberLong":"0"}},"k":-0,"l":5.0}`))
	want := []bson.Type{bson.TypeInt32, bson.TypeInt64, bson.TypeDouble, bson.TypeDecimal128, bson.TypeString, bson.TypeNull,
		bson.TypeBoolean, bson.TypeArray, bson.TypeEmbeddedDocument, bson.TypeDateTime, bson.TypeDouble, bson.TypeDouble}
	elements, err := raw.Elements()
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range elements {
		if e.Value().Type != want[i] {
			t.Errorf("%s is %s, want %s", e.Key(), e.Value().Type, want[i])
		}
	}
}

func TestDecimal(t *testing.T) {
	for _, text := range []string{"1E+400", "-1.5E-5000", "9223372036854775808", "0.1234567890123456789012345678901234"} {
		raw, back := there(t, []byte(`{"n":`+text+`}`))
		if got := raw.Lookup("n").Type; got != bson.TypeDecimal128 || string(back) != `{"n":`+text+`}` {
			t.Errorf("%s is stored as a %s and read as %s", text, got, back)
		}
	}
}

func TestBadJSON(t *testing.T) {
	for _, text := range []string{``, `[]`, `1`, `{`, `{"a":`, `{"a":1e999999}`, `{"a":1e99999999999}`, `{"a":0.12345678901234567890123456789012345678901}`} {
		if d, err := toBSON([]byte(text)); err == nil {
			t.Errorf("toBSON(%s) = %v", text, d)
		}
	}
}

// TestForeignTypes: what JSON has no word for comes back as it was.
func TestForeignTypes(t *testing.T) {
	decimal, err := bson.ParseDecimal128("1.50")
	if err != nil {
		t.Fatal(err)
	}
	d := bson.D{
		{Key: "date", Value: bson.NewDateTimeFromTime(time.Date(2026, 1, 8, 9, 0, 0, 0, time.UTC))},
		{Key: "old", Value: bson.DateTime(-1)},
		{Key: "oid", Value: bson.NewObjectID()},
		{Key: "double", Value: 5.0},
		{Key: "zero", Value: math.Copysign(0, -1)},
		{Key: "infinity", Value: math.Inf(1)},
		{Key: "decimal", Value: decimal},
		{Key: "binary", Value: bson.Binary{Subtype: 4, Data: bytes.Repeat([]byte{7}, 16)}},
		{Key: "regex", Value: bson.Regex{Pattern: "a.b", Options: "i"}},
		{Key: "stamp", Value: bson.Timestamp{T: 5, I: 6}},
		{Key: "min", Value: bson.MinKey{}},
		{Key: "code", Value: bson.JavaScript("x")},
		{Key: "nested", Value: bson.A{bson.D{{Key: "at", Value: bson.DateTime(1)}}}},
	}
	raw, err := bson.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	text, err := toJSON(raw)
	if err != nil {
		t.Fatal(err)
	}
	again, _ := there(t, text)
	if !bytes.Equal(raw, again) {
		t.Errorf("stored\n%s\ncame back as\n%s", raw, again)
	}
}

func TestWithout(t *testing.T) {
	raw, err := bson.Marshal(bson.D{{Key: "_id", Value: 1}, {Key: "a", Value: bson.D{{Key: "_id", Value: 2}}}})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := toJSON(raw, "_id"); err != nil || string(got) != `{"a":{"_id":2}}` {
		t.Errorf("toJSON = %s, %v", got, err)
	}
}

func TestKeys(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.StringOf(rapid.SampledFrom([]rune("%25E40$.a\x00é"))).Draw(t, "key")
		stored := escape(key)
		if strings.ContainsAny(stored, ".\x00") || strings.HasPrefix(stored, "$") {
			t.Errorf("%q is stored as %q", key, stored)
		}
		if back := unescapes.Replace(stored); back != key {
			t.Errorf("%q is stored as %q and read as %q", key, stored, back)
		}
	})
}

func FuzzDocument(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,2.5,{"$oid":"69600e2f1c9d440000a1b2c3"}],"b.c":null}`, `{"$date":{"$numberLong":"1"}}`, `{"a":1e400,"a":-0}`,
		`{"$regularExpression":{"pattern":"a","options":"b"}}`, `{"x":{"$undefined":true}}`, `{"x":{"$code":"a","$scope":{}}}`, `{"x":{"$dbPointer":{}}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := toBSON(data)
		if err != nil || !json.Valid(data) || !utf8.Valid(data) {
			return
		}
		raw, err := bson.Marshal(d)
		if err != nil {
			t.Fatalf("%q: %v", data, err)
		}
		back, err := toJSON(raw)
		if err != nil {
			t.Fatalf("%q: %v", data, err)
		}
		var want, got any
		if err := json.Unmarshal(data, &want); err != nil {
			return // beyond what a float64 holds
		}
		if err := json.Unmarshal(back, &got); err != nil || !reflect.DeepEqual(want, got) {
			t.Errorf("%s\ncame back as\n%s", data, back)
		}
		again, err := toBSON(back)
		if err != nil {
			t.Fatal(err)
		}
		if second, err := bson.Marshal(again); err != nil || !bytes.Equal(raw, second) {
			t.Errorf("%s is stored as\n%s\nand then as\n%s", data, raw, second)
		}
	})
}
