package mongo

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
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

// longestNumber is longer than a number of so many digits is written.
const longestNumber = 1000

// number returns a JSON number as the smallest type that holds it exactly. A
// double holds what it prints as.
func number(text string) (any, error) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && text != "-0" {
		if n >= math.MinInt32 && n <= math.MaxInt32 {
			return int32(n), nil
		}
		return n, nil
	}
	if len(text) > longestNumber {
		return nil, errDigits
	}
	d, err := bson.ParseDecimal128(text)
	if err != nil {
		return nil, errDigits
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil {
		if printed, err := bson.ParseDecimal128(strconv.FormatFloat(f, 'e', -1, 64)); err == nil && same(d, printed) {
			return f, nil
		}
	}
	return d, nil
}

// same reports whether two decimals are the same number.
func same(a, b bson.Decimal128) bool {
	if a.IsZero() || b.IsZero() {
		return a.IsZero() == b.IsZero()
	}
	x, m, _ := a.BigInt()
	y, n, _ := b.BigInt()
	if m < n {
		x, m, y, n = y, n, x, m
	}
	const digits = 34 // of a decimal
	if m-n > digits {
		return false
	}
	return x.Mul(x, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(m-n)), nil)).Cmp(y) == 0
}

// Keys are written without what MongoDB or its relatives do not take: "." and "$"
// mean something in queries, and no key holds a NUL. A per cent sign is escaped
// only where it would be taken for an escape, and a dollar sign only in front.
var (
	escapes   = strings.NewReplacer("%25", "%2525", "%2E", "%252E", "%24", "%2524", "%00", "%2500", ".", "%2E", "\x00", "%00")
	unescapes = strings.NewReplacer("%25", "%", "%2E", ".", "%24", "$", "%00", "\x00")
)

// escape returns the key that stands for one of JSON, and unescape the other way.
func escape(key string) string {
	if rest, ok := strings.CutPrefix(key, "$"); ok {
		return "%24" + escapes.Replace(rest)
	}
	return escapes.Replace(key)
}

func unescape(key string) string { return unescapes.Replace(key) }
