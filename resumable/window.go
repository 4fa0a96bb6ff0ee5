package resumable

import (
	"bytes"
	"context"
	"fmt"
	"io"
)

// window is the chunk that is being sent of a source that cannot be read again,
// or whose size shows only at its end. One goroutine uses it at a time.
type window struct {
	source Opener
	once   bool  // source yields each byte once
	size   int64 // of the object, or Unknown

	body  io.ReadCloser // nil: not open
	start int64         // offset of buf within the object
	buf   []byte        // what was read from start on
	ended bool          // the object ends with buf
}

// fill makes the window begin at offset, with the n bytes from there on or all
// that remain. What it holds of them is kept, the rest is read. It reports how
// many there are, and whether the object ends with them.
func (w *window) fill(ctx context.Context, offset, n int64) (have int64, last bool, err error) {
	if err := w.move(ctx, offset); err != nil {
		return 0, false, &SourceError{err}
	}
	if w.size != Unknown {
		n = min(n, w.size-offset)
	}
	if err := w.read(ctx, n); err != nil {
		return 0, false, err
	}
	have = int64(len(w.buf))
	return min(have, n), w.ended && have <= n, nil
}

// move makes the window begin at offset. It opens the source there unless it
// holds or reaches that byte.
func (w *window) move(ctx context.Context, offset int64) error {
	held := offset - w.start
	if w.body != nil && held >= 0 && held <= int64(len(w.buf)) {
		w.buf = w.buf[:copy(w.buf, w.buf[held:])]
		w.start = offset
		return nil
	}
	body, err := w.source(ctx, offset)
	if err != nil {
		return err
	}
	w.close()
	if w.size != Unknown {
		body = both{exactly(body, w.size-offset), body}
	}
	w.body, w.start, w.buf, w.ended = body, offset, w.buf[:0], false
	return nil
}

// both reads from one and closes the other.
type both struct {
	io.Reader
	io.Closer
}

// read fills the window up to n bytes. A Read that waits is left behind when ctx
// ends, together with the window.
func (w *window) read(ctx context.Context, n int64) error {
	have := int64(len(w.buf))
	if w.ended || have >= n && n > 0 {
		return nil
	}
	if int64(cap(w.buf)) < n {
		w.buf = append(make([]byte, 0, n), w.buf...)
	}
	done := make(chan filled, 1)
	go func(body io.Reader, free []byte) { done <- readFull(body, free) }(w.body, w.buf[have:n])
	select {
	case f := <-done:
		w.buf = w.buf[:have+int64(f.n)]
		return w.judge(f.err)
	case <-ctx.Done():
		w.source, w.body, w.buf = abandoned, nil, nil
		return context.Cause(ctx)
	}
}

// filled is the outcome of readFull.
type filled struct {
	n   int
	err error
}

// readFull is io.ReadFull, but what ends early is io.EOF, so that it differs from
// a source that fails with io.ErrUnexpectedEOF. It reads at least once.
func readFull(r io.Reader, p []byte) (f filled) {
	for empty := 0; empty < 100; empty++ {
		n, err := r.Read(p[f.n:])
		if f.n += n; err != nil || f.n == len(p) {
			return filled{f.n, err}
		}
		if n > 0 {
			empty = 0
		}
	}
	return filled{f.n, io.ErrNoProgress}
}

func abandoned(context.Context, int64) (io.ReadCloser, error) { return nil, ErrNotRewindable }

// judge decides what the end of a reading means: the end of the object, or a
// failure after which the source has to be opened again.
func (w *window) judge(err error) error {
	switch {
	case err == io.EOF:
		w.ended = true
		return nil
	case err == nil:
		w.ended = w.size != Unknown && w.size == w.start+int64(len(w.buf))
		return nil
	}
	w.close()
	if w.once {
		err = fmt.Errorf("%w (%w)", err, ErrNotRewindable)
	}
	return &SourceError{err}
}

// open returns the bytes of the window from offset on. It is an [Opener].
func (w *window) open(_ context.Context, offset int64) (io.ReadCloser, error) {
	at := offset - w.start
	if at < 0 || at > int64(len(w.buf)) {
		return nil, ErrNotRewindable
	}
	return io.NopCloser(bytes.NewReader(w.buf[at:])), nil
}

// all returns the window and what the source yields after it, which is gone
// then. It is an [Opener].
func (w *window) all(ctx context.Context, offset int64) (io.ReadCloser, error) {
	held, err := w.open(ctx, offset)
	if err != nil || w.ended {
		return held, err
	}
	body := w.body
	if body == nil {
		return nil, ErrNotRewindable
	}
	w.body, w.buf, w.start = nil, nil, -1
	return both{io.MultiReader(held, body), body}, nil
}

// reaches reports whether the object can be sent from an offset on.
func (w *window) reaches(offset int64) bool {
	return !w.once || w.body == nil && w.start == 0 && w.buf == nil || offset >= w.start && offset <= w.start+int64(len(w.buf))
}

func (w *window) close() {
	if w.body != nil {
		w.body.Close()
		w.body = nil
	}
}
