// Package jsonlimit decodes JSON from outside in memory that is bounded before
// anything is decoded. The text of an array of the smallest elements, such as
// "{},{},…", takes a hundred times its length when it is decoded: so values are
// counted first, and large arrays are taken apart element by element.
package jsonlimit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// ErrTooLarge is in the error of what is larger than its limits.
var ErrTooLarge = errors.New("larger than it ever is")

// Read reads r to its end, at most limit bytes. On an error, it returns what was
// read before it.
func Read(r io.Reader, limit int) ([]byte, error) {
	data := make([]byte, 0, min(limit+1, 4<<10))
	for {
		n, err := r.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		switch {
		case len(data) > limit:
			return data[:limit], fmt.Errorf("%w: more than %d bytes", ErrTooLarge, limit)
		case errors.Is(err, io.EOF):
			return data, nil
		case err != nil:
			return data, err
		case len(data) == cap(data):
			data = append(make([]byte, 0, larger(cap(data), limit)), data...)
		}
	}
}

// larger returns the next size of a buffer: the last one holds limit bytes and one
// more.
func larger(size, limit int) int {
	if size *= 2; 2*size <= limit {
		return size
	}
	return limit + 1
}

// Unmarshal is [json.Unmarshal] for a document of at most so many values, those
// inside of others included.
func Unmarshal(data []byte, v any, values int) error {
	if err := Check(data, values); err != nil {
		return err
	}
	return json.Unmarshal(data, v)
}

// Check returns an error if a document has more than so many values. It takes no
// memory. What is not JSON passes, or does not: Check does not tell.
func Check(data []byte, values int) error {
	for n, at := 1, 0; at < len(data); at++ {
		switch data[at] {
		case '"':
			at += textEnd(data[at:]) - 1
		case ',', '[', '{', '&': // '&' separates the values of a form
			if n++; n > values {
				return fmt.Errorf("%w: more than %d values", ErrTooLarge, values)
			}
		}
	}
	return nil
}

// Limits bound an array.
type Limits struct {
	Elements int // at most
	Bytes    int // of one element
	Values   int // in one element
}

// List decodes the elements of an array, which has to be valid JSON. What is no
// array has no elements; an element that exceeds its limits is decoded as null.
// An array that exceeds its own is an error.
func List[T any](array []byte, l Limits, decode func([]byte) T) ([]T, error) {
	n := 0
	for range Elements(array) {
		if n++; n > l.Elements {
			return nil, fmt.Errorf("%w: more than %d elements", ErrTooLarge, l.Elements)
		}
	}
	if n == 0 {
		return nil, nil
	}
	list := make([]T, 0, n)
	for element := range Elements(array) {
		if len(element) > l.Bytes || Check(element, l.Values) != nil {
			element = []byte("null")
		}
		list = append(list, decode(element))
	}
	return list, nil
}

const space = " \t\r\n"

// skip leaves out one character and the white space after it.
func skip(data []byte) []byte { return bytes.TrimLeft(data[1:], space) }
