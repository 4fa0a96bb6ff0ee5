package state

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
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
	var raw struct {
		Items   map[string]json.RawMessage `json:"items"`
		Batches map[string]json.RawMessage `json:"batches"`
	}
	if err := json.Unmarshal(data, &raw); err != nil {
		return fmt.Errorf("session document: %w", err)
	}
	s, _, err := DecodeSession(data)
	if err != nil {
		return err
	}
	delete(s.Extra, "items")
	delete(s.Extra, "batches")
	if len(s.Extra) == 0 {
		s.Extra = nil
	}
	*d = Document{Session: s}
	evidence := NewEvidence(s.UpdatedAt)
	for key, v := range raw.Batches {
		b, err := DecodeBatch(v)
		if err != nil {
			return fmt.Errorf("batches: %s: %w", key, err)
		}
		d.Batches = append(d.Batches, b)
	}
	slices.SortFunc(d.Batches, func(a, b *Batch) int { return a.Index - b.Index })
	for _, b := range d.Batches {
		evidence.Add(b)
	}
	return d.addItems(raw.Items, evidence)
}

func (d *Document) addItems(raw map[string]json.RawMessage, evidence *Evidence) error {
	for _, key := range slices.Sorted(maps.Keys(raw)) {
		it, ours, err := DecodeItem(raw[key])
		if err != nil {
			return fmt.Errorf("items: %s: %w", key, err)
		}
		if !ours {
			evidence.Settle(it)
		}
		d.Items = append(d.Items, it)
	}
	SortBySeq(d.Items, func(it *Item) *int64 { return &it.Seq })
	return nil
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
