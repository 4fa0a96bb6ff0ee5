package q2google

import (
	"errors"
	"fmt"

	"github.com/gondola-sync/gondola/state"
)

// batchDocument is q2google's batch document.
type batchDocument struct {
	Index     *number `json:"batch_index"`
	FileNames []text  `json:"file_names"`
	Status    text    `json:"status"`
	Responses []text  `json:"responses_json"`
	Error     *record `json:"error"`
}

// EncodeBatch returns a batch as q2google's batch document.
func (Codec) EncodeBatch(b *state.Batch) ([]byte, error) {
	data, err := own.EncodeBatch(b)
	if err != nil {
		return nil, err
	}
	doc := &batchDocument{
		Index: (*number)(&b.Index), FileNames: append([]text{}, convert[text](b.FileNames)...), Status: text(b.Status.Known()),
		Responses: convert[text](b.Responses), Error: recordOf(b.Error),
	}
	return join(doc, b.Extra, data)
}

// DecodeBatch reads a batch document, q2google's or Gondola's.
func (Codec) DecodeBatch(data []byte) (*state.Batch, error) {
	var doc batchDocument
	extra, err := state.DecodeFields(data, &doc)
	if err == nil && doc.Index == nil {
		err = errors.New("no batch_index")
	}
	if err != nil {
		return nil, fmt.Errorf("batch document: %w", err)
	}
	if Ours(data) {
		return own.DecodeBatch(data)
	}
	return &state.Batch{
		Index: int(*doc.Index), FileNames: convert[string](doc.FileNames), Status: state.Status(doc.Status).Known(),
		Responses: convert[string](doc.Responses), Error: doc.Error.record(), Extra: state.Unclaimed(extra),
	}, nil
}

// convert returns a list of texts as a list of texts; nil as nil.
func convert[To, From ~string](list []From) (converted []To) {
	for _, s := range list {
		converted = append(converted, To(s))
	}
	return converted
}
