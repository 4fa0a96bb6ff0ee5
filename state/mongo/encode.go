package mongo

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// encode returns a value, as json.Marshal writes it, as a document.
func encode(v any) (bson.D, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return toBSON(data)
}

// toBSON converts a JSON object into a BSON document that says the same:
// [toJSON] brings it back, keys in order. A number becomes the smallest of
// int32, int64, double and decimal that holds it exactly, and an object in the
// canonical form of MongoDB's extended JSON the value it stands for.
func toBSON(data []byte) (bson.D, error) {
	p := &parser{data: data, dec: json.NewDecoder(bytes.NewReader(data))}
	p.dec.UseNumber()
	v, err := p.value()
	if err != nil {
		return nil, err
	}
	d, ok := v.(bson.D)
	if !ok {
		return nil, errors.New("want a JSON object")
	}
	return d, nil
}

// parser turns JSON tokens into BSON values.
type parser struct {
	data []byte
	dec  *json.Decoder
}

func (p *parser) value() (any, error) {
	token, err := p.dec.Token()
	if err != nil {
		return nil, err
	}
	switch v := token.(type) {
	case json.Delim:
		if v == '[' {
			return p.array()
		}
		return p.object()
	case json.Number:
		return number(v.String())
	}
	return token, nil // a string, a truth value or nil
}

func (p *parser) array() (any, error) {
	a := bson.A{}
	for p.dec.More() {
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		a = append(a, v)
	}
	_, err := p.dec.Token()
	return a, err
}

func (p *parser) object() (any, error) {
	start := p.dec.InputOffset() - 1
	d, at, dollars := bson.D{}, map[string]int{}, false
	for p.dec.More() {
		token, err := p.dec.Token()
		if err != nil {
			return nil, err
		}
		key, _ := token.(string)
		v, err := p.value()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		dollars = dollars || strings.HasPrefix(key, "$")
		if n, again := at[key]; again { // the last one counts
			d[n].Value = v
			continue
		}
		at[key] = len(d)
		d = append(d, bson.E{Key: escape(key), Value: v})
	}
	if _, err := p.dec.Token(); err != nil {
		return nil, err
	}
	if dollars {
		if v, ok := extended(p.data[start:p.dec.InputOffset()]); ok {
			return v, nil
		}
	}
	return d, nil
}

// extended returns the value that an object in extended JSON stands for, if
// [toJSON] writes that value as this very object.
func extended(object []byte) (bson.RawValue, bool) {
	var doc struct{ V bson.RawValue }
	text := fmt.Appendf(nil, `{"v":%s}`, object)
	if err := bson.UnmarshalExtJSON(text, true, &doc); err != nil || doc.V.Type == bson.TypeEmbeddedDocument {
		return bson.RawValue{}, false
	}
	var compact, again bytes.Buffer
	if json.Compact(&compact, object) != nil || writeJSON(&again, doc.V) != nil {
		return bson.RawValue{}, false
	}
	return doc.V, bytes.Equal(compact.Bytes(), again.Bytes())
}

var errDigits = errors.New("a number has more digits than MongoDB keeps")

// number returns a JSON number as the smallest type that holds it exactly. A
// double holds what it prints as.
func number(text string) (any, error) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && text != "-0" {
		if n >= math.MinInt32 && n <= math.MaxInt32 {
			return int32(n), nil
		}
		return n, nil
	}
	want, ok := parseDecimal(text)
	if !ok {
		return nil, errDigits
	}
	f, err := strconv.ParseFloat(text, 64)
	if got, _ := parseDecimal(strconv.FormatFloat(f, 'e', -1, 64)); err == nil && got == want {
		return f, nil
	}
	d, err := bson.ParseDecimal128(text)
	if err != nil {
		return nil, errDigits
	}
	digits, exp, err := d.BigInt()
	if err != nil {
		return nil, errDigits
	}
	if got, _ := parseDecimal(fmt.Sprintf("%se%d", digits, exp)); got != want {
		return nil, errDigits
	}
	return d, nil
}

// decimal is a number as sign, digits and power of ten, without leading and
// trailing zeros; the zero decimal is 0.
type decimal struct {
	negative bool
	digits   string
	exp      int
}

// parseDecimal reads a JSON number, or reports that its exponent is out of all
// reason.
func parseDecimal(text string) (decimal, bool) {
	var d decimal
	text, d.negative = strings.TrimPrefix(text, "-"), strings.HasPrefix(text, "-")
	mantissa, exp := text, ""
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		mantissa, exp = text[:i], text[i+1:]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	d.digits = strings.TrimLeft(whole+fraction, "0")
	if exp != "" {
		n, err := strconv.ParseInt(exp, 10, 32)
		if err != nil {
			return decimal{}, false
		}
		d.exp = int(n)
	}
	trimmed := strings.TrimRight(d.digits, "0")
	d.exp += len(d.digits) - len(trimmed) - len(fraction)
	if d.digits = trimmed; trimmed == "" {
		d.exp = 0
	}
	return d, true
}

// escapes are what keys are written with that MongoDB or its relatives do not
// take: "." and "$" mean something in queries, and no key holds a NUL.
var escapes = []struct{ char, code string }{{"%", "%25"}, {".", "%2E"}, {"$", "%24"}, {"\x00", "%00"}}

// escape returns the key that stands for one of JSON. A per cent sign is
// escaped only where it would be taken for an escape, and a dollar sign only in
// front.
func escape(key string) string {
	if !strings.ContainsAny(key, "%.$\x00") {
		return key
	}
	var b strings.Builder
	for i := range len(key) {
		char, code := key[i:i+1], ""
		for _, e := range escapes {
			if e.char == char {
				code = e.code
			}
		}
		if char == "%" && unescaped(key[i:]) == "" || char == "$" && i > 0 {
			code = ""
		}
		if code == "" {
			code = char
		}
		b.WriteString(code)
	}
	return b.String()
}

// unescaped returns the character whose escape s begins with, or "".
func unescaped(s string) string {
	for _, e := range escapes {
		if strings.HasPrefix(s, e.code) {
			return e.char
		}
	}
	return ""
}

// unescape returns the key of JSON that a stored one stands for.
func unescape(key string) string {
	if !strings.Contains(key, "%") {
		return key
	}
	var b strings.Builder
	for i := 0; i < len(key); i++ {
		if char := unescaped(key[i:]); char != "" {
			b.WriteString(char)
			i += len("%25") - 1
			continue
		}
		b.WriteByte(key[i])
	}
	return b.String()
}
