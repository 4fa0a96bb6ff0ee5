package gphotos

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/jsonlimit"
	"github.com/gondola-sync/gondola/internal/jsonlimit/limittest"
	"github.com/gondola-sync/gondola/resumable"
)

// TestDecodersTakeBoundedMemory: answers of the full limit that are made of the
// smallest elements.
func TestDecodersTakeBoundedMemory(t *testing.T) {
	limittest.Check(t, maxJSON, decodeAs[page], `{"mediaItems":[@]}`, `{"albums":[@]}`, `{"mediaItems":[{%}]}`, `{%}`)
	limittest.Check(t, maxJSON, decodeAs[batchGetResponse], `{"mediaItemResults":[@]}`, `{"mediaItemResults":[{"mediaItem":{"mediaMetadata":{%}}}]}`)
	limittest.Check(t, maxJSON, decodeAs[createResponse], `{"newMediaItemResults":[@]}`, `{"newMediaItemResults":[{"status":{"details":[@]}}]}`)
	limittest.Check(t, maxJSON, decodeAs[MediaItem], `{"mediaMetadata":{%}}`)
	limittest.Check(t, maxJSON, decodeAs[Album], `{"shareInfo":[@]}`)
	limittest.Check(t, maxRefusal, func(b []byte) {
		resumable.DecodeError("", http.StatusBadRequest, http.Header{}, withoutSecrets(b, "a secret of some length"))
	}, `{"error":{"details":[@]}}`, `{"error":{"errors":[@]}}`, `{"error":{"details":[{"metadata":{%}}]}}`, `{"error":[@]}`, `[@]`)
}

func decodeAs[T any](b []byte) {
	var v T
	_ = jsonlimit.Unmarshal(b, &v, maxValues)
}

// TestFullPagesAreDecoded: the limits leave room for what the service sends.
func TestFullPagesAreDecoded(t *testing.T) {
	var p page
	for i := range mediaPageSize {
		p.MediaItems = append(p.MediaItems, MediaItem{ID: fmt.Sprint(i), Description: "d", ProductURL: "https://photos.google.com/x", BaseURL: "https://lh3/x",
			MIMEType: "video/mp4", Filename: "x.mp4", Metadata: &Metadata{Width: 1, Height: 1, Video: &VideoMetadata{CameraMake: "a", CameraModel: "b", FPS: 30, Status: "READY"}}})
	}
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var got page
	if err := jsonlimit.Unmarshal(text, &got, maxValues/10); err != nil || len(got.MediaItems) != mediaPageSize {
		t.Errorf("%d items, %v: there should be room for ten times as much", len(got.MediaItems), err)
	}
}

// TestPagesInACircle: a listing that leads round in a circle ends with an error,
// whatever its length, and one that does not is read to its end.
func TestPagesInACircle(t *testing.T) {
	for before := range 5 {
		for length := 2; length < 20; length++ {
			calls := 0
			next := func(token string) ([]Album, string, error) {
				calls++
				n := 0
				fmt.Sscan(token, &n)
				if n++; n == before+length {
					n = before
				}
				return nil, fmt.Sprint(n), nil
			}
			var last error
			for _, err := range pages(next, func(a Album) string { return a.ID }) {
				last = err
			}
			if fault.CodeOf(last) != fault.ListingIncomplete || calls > 5*(before+length) {
				t.Errorf("%d pages, then a circle of %d: %v after %d calls", before, length, last, calls)
			}
		}
	}
	n := 0
	next := func(string) ([]Album, string, error) {
		if n++; n == 1000 {
			return nil, "", nil
		}
		return nil, fmt.Sprint(n), nil
	}
	for _, err := range pages(next, func(a Album) string { return a.ID }) {
		t.Error(err)
	}
	if n != 1000 {
		t.Errorf("%d pages of 1000", n)
	}
}

func FuzzMemory(f *testing.F) {
	limittest.Fuzz(f, maxJSON, []func([]byte){decodeAs[page], decodeAs[batchGetResponse], decodeAs[createResponse], decodeAs[MediaItem]},
		`{"mediaItems":[@]}`, `{"mediaItemResults":[@]}`, `{"newMediaItemResults":[@]}`)
}
