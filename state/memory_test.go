package state

import (
	"encoding/json"
	"testing"

	"github.com/gondola-sync/gondola/internal/jsonlimit/limittest"
)

// TestDocumentsTakeBoundedMemory: documents of the full limit that are made of
// the smallest elements.
func TestDocumentsTakeBoundedMemory(t *testing.T) {
	limittest.Check(t, MaxDocument, func(b []byte) { _, _ = Documents{}.DecodeSession(b) },
		`{"session_id":"s","stages":{%}}`, `{"session_id":"s","gondola":{"filter":{"types":[@]}}}`, `{"session_id":"s",%}`)
	limittest.Check(t, MaxDocument, func(b []byte) { _, _ = Documents{}.DecodeItem(b) },
		`{"file_name":"n","errors":{%}}`, `{"file_name":"n","gondola":{%}}`, `{"file_name":"n","more":[@]}`, `{"file_name":"n",%}`)
	limittest.Check(t, MaxDocument, func(b []byte) { _, _ = Documents{}.DecodeBatch(b) },
		`{"batch_index":0,"file_names":[@]}`, `{"batch_index":0,"responses_json":[@]}`, `{"batch_index":0,"error":{%}}`)
	limittest.Check(t, MaxDocument, func(b []byte) { _ = json.Unmarshal(b, new(Document)) },
		`{"session_id":"s","items":{%}}`, `{"session_id":"s","batches":{%}}`, `{"session_id":"s","items":{"a":{"file_name":"n","errors":{%}}}}`, `{"session_id":"s",%}`)
}

// TestFlatDocumentTakesBoundedMemory: a session in one file, of items that are as
// small as they get.
func TestFlatDocumentTakesBoundedMemory(t *testing.T) {
	data := []byte(`{"session_id":"s","items":{"":{"file_name":"x","id":""}`)
	pad := make([]byte, leastPart)
	for i := range pad {
		pad[i] = ' '
	}
	for n := byte(0); len(data) < MaxDocument; n++ {
		data = append(data, `,"`...)
		data = append(data, "abcdefghijklmnop"[n&15], "abcdefghijklmnop"[n>>4])
		data = append(data, pad...)
		data = append(data, `":{"file_name":"x","id":""}`...)
	}
	data = append(data, "}}"...)
	d := &Document{}
	var err error
	peak := limittest.Peak(func() { err = json.Unmarshal(data, d) })
	if err != nil || peak > 3*uint64(len(data)) {
		t.Errorf("%d items, %v: %d bytes for %d", len(d.Items), err, peak, len(data))
	}
}

func FuzzMemory(f *testing.F) {
	limittest.Fuzz(f, MaxDocument, []func([]byte){
		func(b []byte) { _, _ = Documents{}.DecodeSession(b) },
		func(b []byte) { _, _ = Documents{}.DecodeItem(b) },
		func(b []byte) { _, _ = Documents{}.DecodeBatch(b) },
		func(b []byte) { _ = json.Unmarshal(b, new(Document)) },
	}, `{"session_id":"s","file_name":"n","batch_index":0,"more":[@]}`, `{"batch_index":0,"file_names":[@]}`, `{"session_id":"s","items":{"a":@}}`)
}
