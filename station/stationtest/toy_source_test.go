package stationtest_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"sync"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
	"github.com/gondola-sync/gondola/station/stationtest"
)

// toySource is a station to carry from, in memory. Its defect, if there is one,
// is what the suite must find.
type toySource struct {
	*toyShelf
	origin string
	defect string
}

// toyShelf is what toySources of one origin hold.
type toyShelf struct {
	mu       sync.Mutex
	files    map[media.ID]stationtest.File // guarded by mu
	edits    map[media.ID]int              // guarded by mu
	drops    []int64                       // guarded by mu; of the next openings
	short    bool                          // guarded by mu; listings lack a medium
	requests int64                         // guarded by mu
}

func newToyShelf(files []stationtest.File) *toyShelf {
	s := &toyShelf{files: map[media.ID]stationtest.File{}, edits: map[media.ID]int{}}
	for _, f := range files {
		s.files[f.Item.ID] = f
	}
	return s
}

func (s *toySource) Name() string { return "toy:" }

func (s *toySource) Origin(context.Context) (string, error) { return "toy:" + s.origin, nil }

func (s *toySource) version(id media.ID) string {
	return fmt.Sprintf("%d bytes, edit %d", len(s.files[id].Data), s.edits[id])
}

// sorted returns the files in the order in which they are listed.
func (s *toySource) sorted() []stationtest.File {
	files := slices.Collect(maps.Values(s.files))
	slices.SortFunc(files, func(a, b stationtest.File) int {
		return cmp.Or(cmp.Compare(a.Item.ID.Medium, b.Item.ID.Medium), cmp.Compare(a.Item.ID.Part, b.Item.ID.Part))
	})
	switch s.defect {
	case "parts in disorder":
		slices.Reverse(files)
	case "parts apart":
		slices.SortStableFunc(files, func(a, b stationtest.File) int { return cmp.Compare(a.Item.ID.Part, b.Item.ID.Part) })
	}
	return files
}

func (s *toySource) List(ctx context.Context, w media.Window) iter.Seq2[media.Item, error] {
	return func(yield func(media.Item, error) bool) {
		s.mu.Lock()
		s.requests++
		files, short := s.sorted(), s.short
		s.mu.Unlock()
		for i, f := range files {
			if ctx.Err() != nil && s.defect == "a cancelled listing is complete" {
				return
			}
			if ctx.Err() != nil {
				yield(media.Item{}, context.Cause(ctx))
				return
			}
			if s.defect != "the window is ignored" && !w.Contains(f.Item.CapturedAt) {
				continue
			}
			if !yield(s.item(f), nil) || i == 0 && s.defect == "an item is listed twice" && !yield(s.item(f), nil) {
				return
			}
			if i == 1 && short {
				break
			}
		}
		if short && s.defect != "a truncated listing is complete" {
			yield(media.Item{}, &fault.Error{Class: fault.Session, Code: fault.ListingIncomplete, Op: "list toy"})
		}
	}
}

func (s *toySource) item(f stationtest.File) media.Item {
	s.mu.Lock()
	defer s.mu.Unlock()
	item := f.Item
	item.Size, item.Version = int64(len(f.Data)), s.version(f.Item.ID)
	item.Kind, item.MIME = media.KindByName(item.Name), media.MIMEByName(item.Name)
	switch s.defect {
	case "a name is not safe":
		item.Name = "../" + item.Name
	case "a refused item is not named":
		item.Refusal = nil
	case "a change is not listed":
		item.Version = "always"
	case "origins share identities":
		item.ID.Origin = ""
	}
	return item
}

func (s *toySource) Open(ctx context.Context, item media.Item, offset int64, version string) (*station.Content, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests++
	op := "open " + item.Name
	f, ok := s.files[item.ID]
	now := s.version(item.ID)
	switch {
	case !ok:
		return nil, &fault.Error{Class: fault.Item, Code: fault.Gone, Op: op}
	case version != "" && version != now && s.defect != "Open ignores the version":
		return nil, &fault.Error{Class: fault.Item, Code: fault.Changed, Op: op}
	case offset < 0 || offset > int64(len(f.Data)):
		return nil, &fault.Error{Class: fault.Item, Code: fault.Protocol, Op: op, Err: errors.New("no such byte")}
	}
	start := offset
	if s.defect == "Open ignores the offset" {
		start = 0
	}
	body := &toyBody{ctx: ctx, from: bytes.NewReader(f.Data[start:]), left: -1}
	if len(s.drops) > 0 {
		body.left, s.drops = s.drops[0], s.drops[1:]
	}
	if s.defect == "a dropped connection is an end" {
		body.end = io.EOF
	}
	return &station.Content{Body: body, Offset: offset, Size: int64(len(f.Data)), Version: now}, nil
}

func (s *toySource) Requests() map[string]int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return map[string]int64{"toy": s.requests}
}

func (s *toySource) Forecast(load station.Load) map[string]int64 {
	if s.defect == "a forecast of what is not counted" {
		return map[string]int64{"doll": load.Items}
	}
	return map[string]int64{"toy": load.Items}
}

// toyBody reads until its connection drops.
type toyBody struct {
	ctx  context.Context
	from io.Reader
	left int64 // bytes until the connection drops; negative: it does not
	end  error // instead of a fault
}

func (b *toyBody) Read(p []byte) (int, error) {
	if err := context.Cause(b.ctx); err != nil {
		return 0, err
	}
	if b.left == 0 {
		return 0, cmp.Or[error](b.end, &fault.Error{Class: fault.Transient, Code: fault.Unreachable, Op: "read toy", Err: io.ErrUnexpectedEOF})
	}
	if b.left > 0 {
		p = p[:min(int64(len(p)), b.left)]
	}
	n, err := b.from.Read(p)
	if b.left > 0 {
		b.left -= int64(n)
	}
	return n, err
}

func (b *toyBody) Close() error { return nil }
