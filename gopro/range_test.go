package gopro

import (
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/gondola-sync/gondola/media"
)

// TestAnswerCutToMeasure: an answer that was cut on its way, with a length to
// match, ends early also where nothing else tells the size of the file, as of a
// chapter.
func TestAnswerCutToMeasure(t *testing.T) {
	c := &cdn{serve: func(_ int, w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Range"); got != "bytes=0-" {
			t.Errorf("asked for %q", got)
		}
		w.Header().Set("Content-Range", "bytes 0-999/1000")
		w.Header().Set("Content-Length", "500")
		w.WriteHeader(http.StatusPartialContent)
		w.Write(content[:500])
	}}
	source, item := newCDN(t, c)
	item.Size = media.SizeUnknown
	opened, err := source.Open(t.Context(), item, 0, "")
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Body.Close()
	read, err := io.ReadAll(opened.Body)
	if opened.Size != 1000 || len(read) != 500 || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("size %d, read %d, %v", opened.Size, len(read), err)
	}
}
