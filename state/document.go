package state

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/gondola-sync/gondola/internal/jsonlimit"
)

// Document is a whole session. As JSON it is one object in the form that
// q2google's first releases kept in a file: the header's members, then items by
// name and batches by number.
type Document struct {
	Session *Session
	Items   []*Item // by Seq
	Batches []*Batch
}

// MarshalJSON writes the document, indented like every document of q2google.
func (d *Document) MarshalJSON() ([]byte, error) {
	if d.Session == nil {
		return nil, errors.New("session document: no session")
	}
	header, err := EncodeSession(d.Session)
	if err != nil {
		return nil, err
	}
	items, err := encodeAll(d.Items, EncodeItem, func(it *Item) string { return it.Name })
	if err != nil {
		return nil, err
	}
	batches, err := encodeAll(d.Batches, EncodeBatch, func(b *Batch) string { return strconv.Itoa(b.Index) })
	if err != nil {
		return nil, err
	}
	tail, err := marshal(object{{"items", items}, {"batches", batches}})
	if err != nil {
		return nil, err
	}
	return slices.Concat(header[:len(header)-len("\n}")], []byte(","), tail[1:]), nil
}

func encodeAll[T any](all []T, encode func(T) ([]byte, error), key func(T) string) (object, error) {
	o := object{}
	for _, v := range all {
		data, err := encode(v)
		if err != nil {
			return nil, err
		}
		o = append(o, member{key(v), json.RawMessage(data)})
	}
	return o, nil
}

// UnmarshalJSON reads the document. Items that q2google wrote are settled by
// the answers in its batches (see [Evidence]) and come after the others, by
// name.
func (d *Document) UnmarshalJSON(data []byte) error {
	if !json.Valid(data) {
		return errors.New("session document: not JSON")
	}
	header, items, batches, err := documentParts(data)
	if err != nil {
		return fmt.Errorf("session document: %w", err)
	}
	s, _, err := DecodeSession(header)
	if err != nil {
		return err
	}
	*d = Document{Session: s}
	evidence := NewEvidence(s.UpdatedAt)
	for _, part := range batches {
		b, err := DecodeBatch(part.value)
		if err != nil {
			return fmt.Errorf("batches: %s: %w", part.key, err)
		}
		d.Batches = append(d.Batches, b)
	}
	slices.SortFunc(d.Batches, func(a, b *Batch) int { return a.Index - b.Index })
	for _, b := range d.Batches {
		evidence.Add(b)
	}
	return d.addItems(items, evidence)
}

func (d *Document) addItems(items []part, evidence *Evidence) error {
	for _, part := range items {
		it, ours, err := DecodeItem(part.value)
		if err != nil {
			return fmt.Errorf("items: %s: %w", part.key, err)
		}
		if !ours {
			evidence.Settle(it)
		}
		d.Items = append(d.Items, it)
	}
	SortBySeq(d.Items, func(it *Item) *int64 { return &it.Seq })
	return nil
}

// part is an item or a batch of a document, a part of its text.
type part struct {
	key   string
	value json.RawMessage
}

// documentParts takes valid JSON apart: the members of the header, as an object,
// and the items and batches by key.
func documentParts(valid []byte) (header []byte, items, batches []part, err error) {
	if !jsonlimit.IsObject(valid) {
		return nil, nil, nil, errors.New("want a JSON object")
	}
	rawItems, rawBatches := jsonlimit.Member(valid, "items"), jsonlimit.Member(valid, "batches")
	size := len(valid) - len(rawItems) - len(rawBatches)
	if size > maxDocument {
		return nil, nil, nil, fmt.Errorf("%w: more than %d bytes beside items and batches", jsonlimit.ErrTooLarge, maxDocument)
	}
	if items, err = partsOf(rawItems); err == nil {
		batches, err = partsOf(rawBatches)
	}
	return headerOf(valid, size), items, batches, err
}

// headerOf returns a document without its items and batches, which takes at most
// size bytes.
func headerOf(valid []byte, size int) []byte {
	header := append(make([]byte, 0, size), '{')
	for quoted, value := range jsonlimit.Members(valid) {
		if s := string(quoted); s == `"items"` || s == `"batches"` {
			continue
		}
		if len(header) > 1 {
			header = append(header, ',')
		}
		header = append(append(append(header, quoted...), ':'), value...)
	}
	return append(header, '}')
}

const (
	leastPart = 256  // bytes, less than an item or a batch takes in a large document
	fewParts  = 1000 // may be smaller
)

// partsOf returns the members of an object, sorted. Of a key that stands more
// than once the last counts.
func partsOf(valid []byte) ([]part, error) {
	var parts []part
	for quoted, value := range jsonlimit.Members(valid) {
		if len(parts) > fewParts+len(valid)/leastPart {
			return nil, fmt.Errorf("%w: items or batches of less than %d bytes", jsonlimit.ErrTooLarge, leastPart)
		}
		key, err := text(quoted)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part{key, value})
	}
	slices.SortStableFunc(parts, func(a, b part) int { return cmp.Compare(a.key, b.key) })
	slices.Reverse(parts) // the last of each key first
	parts = slices.CompactFunc(parts, func(a, b part) bool { return a.key == b.key })
	slices.Reverse(parts)
	return parts, nil
}

// maxSeq is beyond what any session counts to.
const maxSeq = 1 << 53

// SortBySeq orders items by their sequence number, which seq points to, and
// numbers those that have none, or one that is taken, after the others, in the
// order they are in.
func SortBySeq[T any](items []T, seq func(T) *int64) {
	bySeq := func(a, b T) int { return cmp.Compare(*seq(a), *seq(b)) }
	var last int64
	for _, it := range items {
		if n := seq(it); *n <= 0 || *n > maxSeq {
			*n = math.MaxInt64
		} else {
			last = max(last, *n)
		}
	}
	slices.SortStableFunc(items, bySeq)
	var taken int64
	for _, it := range items {
		n := seq(it)
		if *n == taken || *n == math.MaxInt64 {
			last++
			*n = last
			continue
		}
		taken = *n
	}
	slices.SortFunc(items, bySeq)
}
