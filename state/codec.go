package state

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"
	"unicode/utf8"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
)

// Codec writes and reads the documents of a store: JSON objects of sessions, items
// and batches. A driver chooses its codec with [StoreOptions]; a driver whose
// documents only Gondola reads leaves it nil and gets [Documents].
//
// An item that no store could give back is refused with [Unstorable]. Members of a
// document that the codec does not know are kept in Extra.
type Codec interface {
	EncodeSession(*Session) ([]byte, error)
	DecodeSession([]byte) (*Session, error)
	EncodeItem(*Item) ([]byte, error)
	DecodeItem([]byte) (*Item, error)
	EncodeBatch(*Batch) ([]byte, error)
	DecodeBatch([]byte) (*Batch, error)
}

// Documents is Gondola's own codec: each document is one flat object of the
// fields, as their tags name them. It also reads documents of the first layout, in
// which part of the members stood under the key "gondola".
type Documents struct{}

// EncodeSession returns a session's header. It fails for an ID that is not UTF-8.
func (Documents) EncodeSession(s *Session) ([]byte, error) {
	if !utf8.ValidString(s.ID) {
		return nil, fmt.Errorf("session id %q is not valid UTF-8", s.ID)
	}
	stored := *s
	stored.normalize()
	return encodeFields(&stored, s.Extra)
}

// DecodeSession reads a session's header.
func (Documents) DecodeSession(data []byte) (*Session, error) {
	s := &Session{}
	extra, err := DecodeFields(data, s)
	if err != nil {
		return nil, fmt.Errorf("session document: %w", err)
	}
	s.Extra = extra
	s.Foreign = s.Foreign || s.Window == nil // as documents of the first layout said it
	s.normalize()
	return s, nil
}

// normalize gives a session values that a document can hold: times in UTC, those
// outside the years 1 to 9999 unknown, and a status of each stage.
func (s *Session) normalize() {
	for _, at := range []*time.Time{&s.CreatedAt, &s.UpdatedAt, &s.ProvenAt, &s.VerifiedAt} {
		*at = media.Moment(*at)
	}
	if s.Window != nil {
		s.Window = &media.Window{Start: media.Moment(s.Window.Start), End: media.Moment(s.Window.End)}
	}
	s.SchemaVersion = cmp.Or(s.SchemaVersion, SchemaVersion)
	if s.BatchSize < 1 {
		s.BatchSize = DefaultBatchSize
	}
	stages := map[Stage]Status{Discovery: Pending, Transfer: Pending, Create: Pending}
	for stage, status := range s.Stages {
		stages[stage] = status.known()
	}
	s.Stages = stages
}

// EncodeItem returns an item. A running status is written as pending: an item at
// rest is never running.
func (Documents) EncodeItem(it *Item) ([]byte, error) {
	if err := it.CheckIdentity(); err != nil {
		return nil, Unstorable(it, err)
	}
	stored := *it
	stored.normalize()
	doc := itemDocument{Item: &stored, ID: &stored.ID, Checkpoint: (*checkpoint)(stored.Checkpoint)}
	if r := stored.Receipt; r != nil {
		doc.Token, doc.Receipt = r.Token, &receipt{Receipt: *r, Again: !r.Once}
	}
	data, err := encodeFields(&doc, it.Extra)
	if err != nil {
		return nil, Unstorable(it, err)
	}
	return data, nil
}

// Unstorable is the fault of an item that no store can keep: of class Item,
// since others of its session can be kept.
func Unstorable(it *Item, why error) error {
	return &fault.Error{
		Class: fault.Item, Code: fault.State,
		Op: fmt.Sprintf("store item %q (%s)", media.Sentence(it.Name), media.Sentence(it.ID.Key())), Err: why,
	}
}

// DecodeItem reads an item.
func (Documents) DecodeItem(data []byte) (*Item, error) {
	it := &Item{}
	doc := itemDocument{Item: it}
	extra, err := DecodeFields(data, &doc)
	switch {
	case err != nil:
	case it.Name == "":
		err = errors.New("no file_name")
	case doc.ID == nil:
		err = errors.New("no id")
	}
	if err != nil {
		return nil, fmt.Errorf("item document: %w", err)
	}
	it.ID, it.Extra = *doc.ID, extra
	it.Checkpoint = (*station.Checkpoint)(doc.Checkpoint)
	switch {
	case doc.Receipt != nil:
		it.Receipt = &doc.Receipt.Receipt
		it.Receipt.Token, it.Receipt.Once = doc.Token, !doc.Receipt.Again
	case doc.Token != "":
		it.Receipt = &station.Receipt{Token: doc.Token, Size: media.SizeUnknown, Once: true}
	}
	for stage, class := range doc.Classes {
		if e, ok := it.Errors[stage]; ok {
			e.Class = class
			it.Errors[stage] = e
		}
	}
	it.normalize()
	return it, nil
}

// itemDocument is what is stored of an item.
type itemDocument struct {
	*Item
	ID         *media.ID   `json:"id"`
	Token      string      `json:"upload_token,omitempty"` // of the receipt
	Receipt    *receipt    `json:"receipt,omitempty"`
	Checkpoint *checkpoint `json:"checkpoint,omitempty"`
	// Classes are those of Errors in the first layout.
	Classes map[Stage]fault.Class `json:"error_classes,omitempty"`
}

// receipt is a receipt as it is stored. Receipts were all spent by one call
// before there was a choice.
type receipt struct {
	station.Receipt
	Again bool `json:"again,omitempty"`
}

// checkpoint is a checkpoint as it is stored.
type checkpoint station.Checkpoint

// UnmarshalJSON reads a checkpoint. Before schema members had a place of their
// own, what the destination alone reads stood beside the others: the destination
// then finds it in the whole document.
func (c *checkpoint) UnmarshalJSON(data []byte) error {
	if err := json.Unmarshal(data, (*station.Checkpoint)(c)); err != nil {
		return err
	}
	if c.Resume == nil {
		c.Resume = data
	}
	c.Resume = compact(c.Resume)
	return nil
}

// normalize gives an item values that a document can hold. What the item shares with
// others is copied before it is changed.
func (it *Item) normalize() {
	for _, status := range []*Status{&it.Discovery, &it.Transfer, &it.Create} {
		if *status = status.known(); *status == Running {
			*status = Pending
		}
	}
	for _, at := range []*time.Time{&it.CapturedAt, &it.CreatedAt, &it.CarriedAt, &it.RegisteredAt, &it.MissedAt} {
		*at = media.Moment(*at)
	}
	it.Dir = media.SafeDir(it.Dir)
	if it.Checkpoint != nil {
		c := *it.Checkpoint
		c.StartedAt = media.Moment(c.StartedAt)
		it.Checkpoint = &c
	}
	if it.Receipt != nil {
		r := *it.Receipt
		r.At = media.Moment(r.At)
		it.Receipt = &r
	}
	if it.FilingError != nil {
		it.FilingError = new(it.FilingError.bounded())
	}
	it.Errors = maps.Clone(it.Errors)
	for stage, e := range it.Errors {
		it.Errors[stage] = e.bounded()
	}
}

// known returns a status; words that are none are pending.
func (s Status) known() Status {
	switch s {
	case Running, Completed, Failed, Skipped:
		return s
	}
	return Pending
}

// EncodeBatch returns a batch.
func (Documents) EncodeBatch(b *Batch) ([]byte, error) {
	stored := *b
	stored.normalize()
	return encodeFields(&stored, b.Extra)
}

// DecodeBatch reads a batch.
func (Documents) DecodeBatch(data []byte) (*Batch, error) {
	b := &Batch{}
	doc := batchDocument{Batch: b}
	extra, err := DecodeFields(data, &doc)
	if err != nil {
		return nil, fmt.Errorf("batch document: %w", err)
	}
	b.Extra = extra
	if b.Error != nil {
		b.Error.Class = cmp.Or(b.Error.Class, doc.Class)
	}
	b.normalize()
	return b, nil
}

// batchDocument is what is stored of a batch.
type batchDocument struct {
	*Batch
	Class fault.Class `json:"error_class,omitempty"` // of Error, in the first layout
}

// normalize gives a batch values that a document can hold.
func (b *Batch) normalize() {
	b.Status = b.Status.known()
	if b.Error != nil {
		e := b.Error.bounded()
		b.Error = &e
	}
}

// UnmarshalJSON reads a record. A time that is none is unknown.
func (e *ErrorRecord) UnmarshalJSON(data []byte) error {
	type bare ErrorRecord
	doc := struct {
		*bare
		At string `json:"updated_at"`
	}{bare: (*bare)(e)}
	err := json.Unmarshal(data, &doc)
	e.At, _ = time.Parse(time.RFC3339, doc.At)
	return err
}

// bounded returns the record as a document can hold it.
func (e ErrorRecord) bounded() ErrorRecord {
	e.Type, e.Message, e.At = media.Word(e.Type), media.Sentence(e.Message), media.Moment(e.At)
	return e
}
