package state

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
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
	read.Items = numbered(read.Items)
	*d = *read
	return nil
}

// DecodeDocument reads a whole session whose parts are documents of a codec, with
// its items by name.
func DecodeDocument(data []byte, c Codec) (*Document, error) {
	if !json.Valid(data) {
		return nil, errors.New("session document: not JSON")
	}
	fields, err := jsonlimit.Object(data, maxValues)
	if err != nil {
		return nil, fmt.Errorf("session document: %w", err)
	}
	items, batches := fields["items"], fields["batches"]
	delete(fields, "items")
	delete(fields, "batches")
	header, err := encodeFields(&struct{}{}, fields)
	if err != nil {
		return nil, fmt.Errorf("session document: %w", err)
	}
	d := &Document{}
	if d.Session, err = c.DecodeSession(header); err != nil {
		return nil, err
	}
	if d.Items, err = decodeParts(items, c.DecodeItem); err != nil {
		return nil, fmt.Errorf("items: %w", err)
	}
	if d.Batches, err = decodeParts(batches, c.DecodeBatch); err != nil {
		return nil, fmt.Errorf("batches: %w", err)
	}
	slices.SortFunc(d.Batches, func(a, b *Batch) int { return a.Index - b.Index })
	return d, nil
}

const (
	leastPart = 256  // bytes, less than an item or a batch takes in a large document
	fewParts  = 1000 // may be smaller
)

// decodeParts decodes the members of an object by key; what is no object has none.
func decodeParts[T any](valid []byte, decode func([]byte) (*T, error)) (all []*T, err error) {
	if !jsonlimit.IsObject(valid) {
		return nil, nil
	}
	parts, err := jsonlimit.Object(valid, fewParts+len(valid)/leastPart)
	if err != nil {
		return nil, err
	}
	for _, key := range slices.Sorted(maps.Keys(parts)) {
		part, err := decode(parts[key])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		all = append(all, part)
	}
	return all, nil
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
	for _, it := range numbered(items) {
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

// maxSeq is beyond what any session counts to.
const maxSeq = 1 << 53

// numbered returns items by Seq. Those that have none, or one that is taken, get one
// after the others, in the order they are in.
func numbered(items []*Item) []*Item {
	rank := func(it *Item) int64 {
		if it.Seq < 1 || it.Seq > maxSeq {
			return maxSeq + 1
		}
		return it.Seq
	}
	slices.SortStableFunc(items, func(a, b *Item) int { return cmp.Compare(rank(a), rank(b)) })
	var all, others []*Item
	var last int64
	for _, it := range items {
		if n := rank(it); n > maxSeq || n == last {
			others = append(others, it)
			continue
		}
		last = it.Seq
		all = append(all, it)
	}
	for _, it := range others {
		last++
		it.Seq = last
	}
	return append(all, others...)
}
