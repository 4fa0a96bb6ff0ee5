package q2google

import (
	"github.com/gondola-sync/gondola/state"
)

// Codec is the codec of stores that q2google reads and writes too. Its documents
// are q2google's, with what q2google does not know under a key of their own.
//
// What q2google says of an item is read as it is: see [Evidence].
type Codec struct{}

// EncodeSession returns q2google's metadata document.
func (Codec) EncodeSession(s *state.Session) ([]byte, error) { return EncodeSession(s) }

// DecodeSession reads a metadata document, q2google's or Gondola's.
func (Codec) DecodeSession(data []byte) (*state.Session, error) {
	s, _, err := DecodeSession(data)
	return s, err
}

// EncodeItem returns q2google's item document.
func (Codec) EncodeItem(it *state.Item) ([]byte, error) { return EncodeItem(it) }

// DecodeItem reads an item document, q2google's or Gondola's. An item of q2google
// has no sequence number.
func (Codec) DecodeItem(data []byte) (*state.Item, error) {
	it, _, err := DecodeItem(data)
	return it, err
}

// EncodeBatch returns q2google's batch document.
func (Codec) EncodeBatch(b *state.Batch) ([]byte, error) { return EncodeBatch(b) }

// DecodeBatch reads a batch document, q2google's or Gondola's.
func (Codec) DecodeBatch(data []byte) (*state.Batch, error) { return DecodeBatch(data) }
