package upload

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding"
	"fmt"
	"hash"
	"io"
	"slices"
)

const (
	headKept = 1 << 20 // of a file too large to keep whole: enough to tell its type
	tailKept = 4 << 20 // and its end, where a camera writes the index of a video
)

// content is the bytes of one upload as they arrive. Its size and digests cover
// everything; the bytes themselves stay only up to a limit, beyond it only the
// head and the tail. It can go back to a mark, digests included.
type content struct {
	limit int64 // keep the whole file up to this size

	size   int64
	sum    hash.Hash // SHA-256, unless GoogleOptions say otherwise
	legacy hash.Hash // SHA-1, as X-Goog-Hash states it; nil: it is never asked for
	head   []byte    // [0, len(head))
	tail   []byte    // [size-len(tail), size), empty while head is everything
}

func newContent(limit int64, sum hash.Hash, legacy bool) *content {
	c := &content{limit: max(limit, headKept), sum: sum}
	if legacy {
		c.legacy = sha1.New()
	}
	return c
}

func (c *content) whole() bool { return int64(len(c.head)) == c.size }

// Write takes the next bytes. It never fails.
func (c *content) Write(p []byte) (int, error) {
	c.sum.Write(p)
	if c.legacy != nil {
		c.legacy.Write(p)
	}
	whole := c.whole()
	c.size += int64(len(p))
	switch {
	case whole && c.size <= c.limit:
		c.head = append(c.head, p...)
	case whole: // outgrown: from here on head and tail
		c.head = append(c.head, p...)
		c.tail = slices.Clone(c.head[max(0, len(c.head)-tailKept):])
		c.head = slices.Clone(c.head[:headKept])
	default:
		c.keepTail(p)
	}
	return len(p), nil
}

func (c *content) keepTail(p []byte) {
	if len(c.tail)+len(p) > 2*tailKept {
		n := copy(c.tail, c.tail[max(0, len(c.tail)-tailKept):])
		c.tail = c.tail[:n]
	}
	c.tail = append(c.tail, p...)
}

// mark is a place in a content that it can go back to.
type mark struct {
	size        int64
	sum, legacy []byte
}

func (c *content) mark() mark {
	return mark{size: c.size, sum: stateOf(c.sum), legacy: stateOf(c.legacy)}
}

func stateOf(h hash.Hash) []byte {
	if h == nil {
		return nil
	}
	state, err := h.(encoding.BinaryMarshaler).MarshalBinary()
	if err != nil {
		panic(err) // the standard library's digests can always be saved
	}
	return state
}

// rewind forgets everything after m.
func (c *content) rewind(m mark) {
	restore(c.sum, m.sum)
	restore(c.legacy, m.legacy)
	gone := c.size - m.size
	c.tail = c.tail[:max(0, int64(len(c.tail))-gone)]
	c.head = c.head[:min(int64(len(c.head)), m.size)]
	c.size = m.size
	if c.whole() {
		c.tail = nil
	}
}

func restore(h hash.Hash, state []byte) {
	if h == nil {
		return
	}
	if err := h.(encoding.BinaryUnmarshaler).UnmarshalBinary(state); err != nil {
		panic(err) // made by stateOf
	}
}

func (c *content) digest() (sum [sha256.Size]byte) {
	copy(sum[:], c.sum.Sum(nil))
	return sum
}

// sha1 is the SHA-1 of the content. It is unknown when it was not asked for in
// time and the bytes are gone.
func (c *content) sha1() (sum [sha1.Size]byte, known bool) {
	switch {
	case c.legacy != nil:
		c.legacy.Sum(sum[:0])
	case c.whole():
		sum = sha1.Sum(c.head)
	default:
		return sum, false
	}
	return sum, true
}

// File is a finished content: its size, and the bytes that were kept.
type File struct {
	Size       int64
	Head, Tail []byte
}

func (c *content) file() File {
	tail := slices.Clone(c.tail[max(0, len(c.tail)-tailKept):])
	return File{Size: c.size, Head: c.head, Tail: tail}
}

// Whole reports whether all bytes were kept.
func (f File) Whole() bool { return int64(len(f.Head)) == f.Size }

// Kept is how many bytes of memory it holds.
func (f File) Kept() int64 { return int64(cap(f.Head)) + int64(cap(f.Tail)) }

// ReadAt reads the file; what was not kept reads as zeros.
func (f File) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fmt.Errorf("read at %d: negative offset", off)
	}
	if off >= f.Size {
		return 0, io.EOF
	}
	n := int(min(int64(len(p)), f.Size-off))
	clear(p[:n])
	if off < int64(len(f.Head)) {
		copy(p[:n], f.Head[off:])
	}
	if start := f.Size - int64(len(f.Tail)); off+int64(n) > start {
		copy(p[max(0, start-off):n], f.Tail[max(0, off-start):])
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Reader reads the file from its start.
func (f File) Reader() *io.SectionReader { return io.NewSectionReader(f, 0, f.Size) }
