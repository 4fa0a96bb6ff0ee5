package mongo

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"reflect"
	"strconv"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// toBSON converts a JSON object into a BSON document that says the same:
// [toJSON] brings it back, keys in order. The driver's own conversion does not: it
// rounds numbers, keeps repeated keys, and refuses or replaces objects that look
// like extended JSON.
func toBSON(data []byte) (bson.D, error) {
	p := &parser{data: data, Decoder: json.NewDecoder(bytes.NewReader(data))}
	p.UseNumber()
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
	*json.Decoder
}

func (p *parser) value() (any, error) {
	token, err := p.Token()
	switch v := token.(type) {
	case json.Number:
		return number(v.String())
	case json.Delim:
		if v == '[' {
			return p.array()
		}
		return p.object()
	}
	return token, err // a string, a truth value or nil
}

func (p *parser) array() (any, error) {
	a := bson.A{}
	for p.More() {
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		a = append(a, v)
	}
	_, err := p.Token()
	return a, err
}

func (p *parser) object() (any, error) {
	start := p.InputOffset() - 1
	d, at, dollars := bson.D{}, map[string]int{}, false
	for p.More() {
		token, err := p.Token()
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
	_, err := p.Token()
	if err == nil && dollars {
		if v, ok := extended(p.data[start:p.InputOffset()]); ok {
			return v, nil
		}
	}
	return d, err
}

// extended returns the value that an object in extended JSON stands for, if
// [toJSON] writes that value as this very object.
func extended(object []byte) (any, bool) {
	var doc struct{ V any }
	if err := bson.UnmarshalExtJSON(fmt.Appendf(nil, `{"v":%s}`, object), true, &doc); err != nil {
		return nil, false
	}
	if _, plain := doc.V.(bson.D); plain {
		return nil, false
	}
	var before, after any
	again, err := json.Marshal(inJSON(doc.V))
	err = errors.Join(err, json.Unmarshal(object, &before), json.Unmarshal(again, &after))
	return doc.V, err == nil && reflect.DeepEqual(before, after)
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
	if f, ok := double(d); ok {
		return f, nil
	}
	return d, nil
}

// double returns the double that prints as a decimal, if there is one.
func double(d bson.Decimal128) (float64, bool) {
	f, err := strconv.ParseFloat(d.String(), 64)
	if err != nil {
		return 0, false
	}
	exact, known := new(big.Rat).SetString(d.String())
	printed, finite := new(big.Rat).SetString(strconv.FormatFloat(f, 'g', -1, 64))
	return f, known && finite && exact.Cmp(printed) == 0
}

// Keys are written without what MongoDB or its relatives do not take: "." and "$"
// mean something in queries, and no key holds a NUL. A per cent sign is escaped
// only where it would be taken for an escape, and a dollar sign only in front.
var (
	escapes   = strings.NewReplacer("%25", "%2525", "%2E", "%252E", "%24", "%2524", "%00", "%2500", ".", "%2E", "\x00", "%00")
	unescapes = strings.NewReplacer("%25", "%", "%2E", ".", "%24", "$", "%00", "\x00")
)

// escape returns the key that stands for one of JSON.
func escape(key string) string {
	if rest, ok := strings.CutPrefix(key, "$"); ok {
		return "%24" + escapes.Replace(rest)
	}
	return escapes.Replace(key)
}
