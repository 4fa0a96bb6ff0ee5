package stationtest

import (
	"bytes"
	"context"
	"io"
	"sync"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/station"
)

// versionOf is the version of a file's bytes as the suite's own source reports it.
func versionOf(f File) string { return "v-" + sum(f.Data)[:16] }

// fileSource opens one file for uploads, and records how it is opened. It is safe
// for concurrent use.
type fileSource struct {
	mu      sync.Mutex
	data    []byte
	version string
	size    int64   // that it reports
	opens   []int64 // offsets
	cuts    []cut   // of the next openings
	fail    error   // of all openings
}

// cut is where the body of an opening ends early, and how.
type cut struct {
	after int64
	err   error
	then  func() // called at the cut
}

func newFileSource(f File) *fileSource {
	return &fileSource{data: f.Data, version: versionOf(f), size: int64(len(f.Data))}
}

// become gives the file other bytes.
func (s *fileSource) become(f File) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.data, s.size = f.Data, int64(len(f.Data))
	if s.version != "" {
		s.version = versionOf(f)
	}
}

// open is a station.Opener that is pinned to no version, as the engine's is.
func (s *fileSource) open(ctx context.Context, offset int64) (*station.Content, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	if s.fail != nil {
		return nil, s.fail
	}
	if offset < 0 || offset > int64(len(s.data)) {
		return nil, &fault.Error{Class: fault.Item, Code: fault.Changed, Op: "open the file of the suite"}
	}
	s.opens = append(s.opens, offset)
	body := &cutBody{Reader: bytes.NewReader(s.data[offset:]), ctx: ctx, left: -1}
	if len(s.cuts) > 0 {
		body.left, body.cut, s.cuts = s.cuts[0].after, s.cuts[0], s.cuts[1:]
	}
	return &station.Content{Body: body, Offset: offset, Size: s.size, Version: s.version}, nil
}

// cutBody reads until it is cut.
type cutBody struct {
	*bytes.Reader
	ctx  context.Context
	left int64 // bytes to the cut; negative: none
	cut  cut
}

// WriteTo of the embedded reader would pass the cut by.
func (b *cutBody) WriteTo(w io.Writer) (int64, error) { return io.Copy(w, struct{ io.Reader }{b}) }

func (b *cutBody) Read(p []byte) (int, error) {
	if b.ctx.Err() != nil {
		return 0, context.Cause(b.ctx)
	}
	if b.left == 0 {
		if b.cut.then != nil {
			b.cut.then()
			b.cut.then = nil
		}
		return 0, b.cut.err
	}
	if b.left > 0 {
		p = p[:min(int64(len(p)), b.left)]
	}
	n, err := b.Reader.Read(p)
	if b.left > 0 {
		b.left -= int64(n)
	}
	return n, err
}

func (b *cutBody) Close() error { return nil }

// errDropped is a connection to a source that drops.
func errDropped() error {
	return &fault.Error{Class: fault.Transient, Code: fault.Unreachable, Op: "read the file of the suite", Err: io.ErrUnexpectedEOF}
}

// discard is a Save that stores nothing.
func discard(context.Context, station.Checkpoint) error { return nil }
