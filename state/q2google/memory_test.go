package q2google

import (
	"testing"

	"github.com/gondola-sync/gondola/internal/jsonlimit/limittest"
	"github.com/gondola-sync/gondola/state"
)

// TestDocumentsTakeBoundedMemory: documents of the full limit that are made of
// the smallest elements.
func TestDocumentsTakeBoundedMemory(t *testing.T) {
	limittest.Check(t, state.MaxDocument, func(b []byte) { _, _ = Codec{}.DecodeSession(b) },
		`{"session_id":"s","stages":{%}}`, `{"session_id":"s",%}`)
	limittest.Check(t, state.MaxDocument, func(b []byte) { _, _ = Codec{}.DecodeItem(b) },
		`{"file_name":"n","errors":{%}}`, `{"file_name":"n","gondola":{%}}`, `{"file_name":"n","more":[@]}`, `{"file_name":"n",%}`)
	limittest.Check(t, state.MaxDocument, func(b []byte) { _, _ = Codec{}.DecodeBatch(b) },
		`{"batch_index":0,"file_names":[@]}`, `{"batch_index":0,"responses_json":[@]}`, `{"batch_index":0,"error":{%}}`)
	limittest.Check(t, state.MaxDocument, func(b []byte) { resultsOf([]string{string(b)}) }, `{"newMediaItemResults":[@]}`)
	limittest.Check(t, state.MaxDocument, func(b []byte) { _, _ = ReadFlat(b) },
		`{"session_id":"s","items":{%}}`, `{"session_id":"s","batches":{%}}`, `{"session_id":"s","items":{"a":{"file_name":"n","errors":{%}}}}`)
}
