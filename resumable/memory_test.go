package resumable

import (
	"net/http"
	"testing"

	"github.com/gondola-sync/gondola/internal/jsonlimit/limittest"
)

// TestErrorsTakeBoundedMemory: answers of the full limit that are made of the
// smallest elements, or of the shortest words.
func TestErrorsTakeBoundedMemory(t *testing.T) {
	limittest.Check(t, maxAnswer, func(b []byte) { DecodeError("", http.StatusBadRequest, http.Header{}, b) },
		`{"error":{"details":[@]}}`, `{"error":{"errors":[@]}}`, `{"error":{"details":[{"metadata":{%}}]}}`, `{"error":[@]}`, `{"error":@}`, `{%}`, `[@]`, `<title>@`)
	words := make([]byte, maxAnswer)
	for i := range words {
		words[i] = "a "[i%2]
	}
	if peak := limittest.Peak(func() { DecodeError("", http.StatusBadGateway, http.Header{}, words) }); peak > 3*maxAnswer {
		t.Errorf("a text of short words: %d bytes", peak)
	}
}

func FuzzMemory(f *testing.F) {
	limittest.Fuzz(f, maxAnswer, []func([]byte){
		func(b []byte) { DecodeError("", http.StatusBadRequest, http.Header{}, b) },
	}, `{"error":{"details":[@]}}`, `{"error":{"errors":[@]}}`, `@`)
}
