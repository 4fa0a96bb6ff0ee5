package station_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
)

// shelf is a Source of files in memory, by name.
type shelf map[string][]byte

func (s shelf) Name() string                           { return "shelf:" }
func (s shelf) Origin(context.Context) (string, error) { return "shelf:1", nil }

func (s shelf) List(_ context.Context, w media.Window) iter.Seq2[media.Item, error] {
	return func(yield func(media.Item, error) bool) {
		for name, data := range s {
			item := media.Item{
				ID:   media.ID{Station: "shelf", Medium: name, Part: 1, Label: "source"},
				Name: name, Size: int64(len(data)), Kind: media.KindByName(name),
			}
			if w.Contains(item.CapturedAt) && !yield(item, nil) {
				return
			}
		}
	}
}

func (s shelf) Open(_ context.Context, item media.Item, offset int64, _ string) (*station.Content, error) {
	data, ok := s[item.ID.Medium]
	if !ok || offset > int64(len(data)) {
		return nil, &fault.Error{Class: fault.Item, Code: fault.Gone, Op: "open " + item.Name}
	}
	return &station.Content{Body: io.NopCloser(bytes.NewReader(data[offset:])), Offset: offset, Size: int64(len(data))}, nil
}

func Example() {
	ctx := context.Background()
	var source station.Source = shelf{"GX010042.MP4": []byte("a short film")}
	for item, err := range source.List(ctx, media.Window{}) {
		if err != nil {
			fmt.Println(err)
			return
		}
		content, err := source.Open(ctx, item, 8, "")
		if err != nil {
			fmt.Println(err)
			return
		}
		rest, err := io.ReadAll(content.Body)
		fmt.Printf("%s %s %d bytes, from byte %d: %s %v\n", source.Name(), item.ID.Key(), content.Size, content.Offset, rest, err)
	}
	_, ok := source.(station.Prefetcher)
	fmt.Println("prefetches:", ok)
	// Output:
	// shelf: shelf/GX010042.MP4/1/source 12 bytes, from byte 8: film <nil>
	// prefetches: false
}
