package state

import (
	"testing"
	"time"

	"github.com/gondola-sync/gondola/media"
)

// TestDecodingIsCheap: of a million items each is decoded whenever a page of them
// is read, without taking its document apart first.
func TestDecodingIsCheap(t *testing.T) {
	at := time.Date(2026, 1, 8, 9, 0, 0, 0, time.UTC)
	it := &Item{Item: media.Item{
		ID: media.ID{Station: "gopro", Medium: "m", Part: 1, Label: "source"}, Name: "GX01.MP4", Size: 4 << 20, MIME: "video/mp4",
		Kind: media.Video, Width: 5312, Height: 2988, Camera: "HERO12 Black", CapturedAt: at, CreatedAt: at,
	}, Seq: 2, Discovery: Completed}
	document, err := Documents{}.EncodeItem(it)
	if err != nil {
		t.Fatal(err)
	}
	allocations := testing.AllocsPerRun(100, func() {
		if _, err := (Documents{}).DecodeItem(document); err != nil {
			t.Error(err)
		}
	})
	if allocations > 30 {
		t.Errorf("%v allocations for an item, want at most 30", allocations)
	}
}

// TestLastMemberCounts: of a key that stands more than once the last counts, and
// nothing of the others.
func TestLastMemberCounts(t *testing.T) {
	it, err := Documents{}.DecodeItem([]byte(`{"file_name":"a","id":"gopro/m/1/source","seq":1,
		"errors":{"transfer":{"error_type":"rate","message":"","attempt":1}},"errors":{"create":{"error_type":"rate","message":"","attempt":1}}}`))
	if err != nil {
		t.Fatal(err)
	}
	if _, both := it.Errors[Transfer]; both || len(it.Errors) != 1 {
		t.Errorf("errors %v, want those of the last member", it.Errors)
	}
}
