package state

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/gondola-sync/gondola/internal/jsonlimit"
	"github.com/gondola-sync/gondola/state/driver"
)

// Document is a whole session. As JSON it is one object: the members of the
// header, items by name and batches by number.
type Document struct {
	Session *Session
	Items   []*Item // by Seq
	Batches []*Batch
}

// MarshalJSON writes the document.
func (d *Document) MarshalJSON() ([]byte, error) {
	if d.Session == nil {
		return nil, errors.New("session document: no session")
	}
	m, err := d.Memory(Documents{})
	if err != nil {
		return nil, err
	}
	tail := struct {
		Items   map[string]json.RawMessage `json:"items"`
		Batches map[int64]json.RawMessage  `json:"batches"`
	}{map[string]json.RawMessage{}, map[int64]json.RawMessage{}}
	for _, row := range m.Rows {
		tail.Items[row.Name] = row.Document
	}
	for _, b := range m.Batches {
		tail.Batches[b.Index] = b.Document
	}
	rest, err := json.Marshal(tail)
	if err != nil {
		return nil, err
	}
	return slices.Concat(bytes.TrimSuffix(m.Header.Document, []byte("}")), []byte(","), rest[1:]), nil
}

// UnmarshalJSON reads the document.
func (d *Document) UnmarshalJSON(data []byte) error {
	read, err := DecodeDocument(data, Documents{})
	if err != nil {
		return err
	}
	SortBySeq(read.Items, func(it *Item) *int64 { return &it.Seq })
	*d = *read
	return nil
}

// DecodeDocument reads a whole session whose parts are documents of a codec, with
// its items by name.
func DecodeDocument(data []byte, c Codec) (*Document, error) {
	if !json.Valid(data) {
		return nil, errors.New("session document: not JSON")
	}
	header, items, batches, err := documentParts(data)
	if err != nil {
		return nil, fmt.Errorf("session document: %w", err)
	}
	d := &Document{}
	if d.Session, err = c.DecodeSession(header); err != nil {
		return nil, err
	}
	for _, part := range batches {
		b, err := c.DecodeBatch(part.value)
		if err != nil {
			return nil, fmt.Errorf("batches: %s: %w", part.key, err)
		}
		d.Batches = append(d.Batches, b)
	}
	slices.SortFunc(d.Batches, func(a, b *Batch) int { return a.Index - b.Index })
	for _, part := range items {
		it, err := c.DecodeItem(part.value)
		if err != nil {
			return nil, fmt.Errorf("items: %s: %w", part.key, err)
		}
		d.Items = append(d.Items, it)
	}
	return d, nil
}

// Memory returns the session as a driver that keeps it in memory has it, with
// documents of a codec. Items without a sequence number get one after the others.
func (d *Document) Memory(c Codec) (*driver.Memory, error) {
	header, err := c.EncodeSession(d.Session)
	if err != nil {
		return nil, err
	}
	w := driver.Write{Header: &driver.Header{ID: d.Session.ID, Updated: d.Session.UpdatedAt, Document: header}}
	items := make([]*Item, len(d.Items))
	for n, it := range d.Items {
		items[n] = new(*it)
	}
	SortBySeq(items, func(it *Item) *int64 { return &it.Seq })
	for _, it := range items {
		row := RowOf(it)
		if row.Document, err = c.EncodeItem(it); err != nil {
			return nil, err
		}
		w.Items = append(w.Items, driver.Change{Row: row})
	}
	for _, b := range d.Batches {
		document, err := c.EncodeBatch(b)
		if err != nil {
			return nil, err
		}
		w.Batches = append(w.Batches, driver.Batch{Index: int64(b.Index), Document: document})
	}
	m := &driver.Memory{}
	return m, m.Write(w)
}

// documentOf is the inverse of [Document.Memory].
func documentOf(m *driver.Memory) (d *Document, err error) {
	var c Documents
	d = &Document{Items: make([]*Item, len(m.Rows)), Batches: make([]*Batch, len(m.Batches))}
	d.Session, err = c.DecodeSession(m.Header.Document)
	for n, row := range m.Rows {
		if err == nil {
			d.Items[n], err = c.DecodeItem(row.Document)
		}
	}
	for n, b := range m.Batches {
		if err == nil {
			d.Batches[n], err = c.DecodeBatch(b.Document)
		}
	}
	return d, err
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
	if size > MaxDocument {
		return nil, nil, nil, fmt.Errorf("%w: more than %d bytes beside items and batches", jsonlimit.ErrTooLarge, MaxDocument)
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
		key, err := jsonlimit.Unquote(quoted)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part{string(key), value})
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
