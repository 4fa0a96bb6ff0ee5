package sample

import (
	"encoding/binary"
	"io"
	"math/bits"
	"sync"
	"time"
	"weak"
)

// Content is bytes of a known size that can be read at any offset. It is safe
// for concurrent use.
type Content interface {
	io.ReaderAt
	Size() int64 // bytes
}

// Shot describes a generated photo or video. Equal shots of equal size have
// equal bytes.
type Shot struct {
	Seed          uint64        // of the picture and the padding
	Number        int           // drawn into the picture
	Taken         time.Time     // written into the file in UTC
	Camera        string        // model
	Width, Height int           // pixels, as the file declares them
	Duration      time.Duration // of a video
	Place         *Place        // of a photo; nil for none
	Large         bool          // draw 480 pixels across instead of 96
}

// Place is a position on the earth in degrees, north and east positive.
type Place struct{ Latitude, Longitude float64 }

// The least sizes, in bytes, of generated files with a picture of 96 and of 480
// pixels across.
const (
	MinSample      = 6 << 10
	MinLargeSample = 40 << 10
)

func (s Shot) least() int64 {
	if s.Large {
		return MinLargeSample
	}
	return MinSample
}

// NewPhoto returns a valid JPEG file with EXIF data, padded to size bytes, or to
// the least size if that is more.
func NewPhoto(s Shot, size int64) Content {
	return &generated{shot: s, size: max(size, s.least()), plan: planPhoto}
}

// NewVideo returns a valid MP4 file with one Motion-JPEG frame, padded to size
// bytes, or to the least size if that is more. It costs no memory, whatever its
// size.
func NewVideo(s Shot, size int64) Content {
	return &generated{shot: s, size: max(size, s.least()), plan: planVideo}
}

// NewNoise returns size bytes that begin with a signature and go on with noise.
func NewNoise(signature string, seed uint64, size int64) Content {
	return &generated{shot: Shot{Seed: seed}, size: size, plan: func(_ Shot, size int64) *layout {
		return &layout{head: []byte(signature)[:min(int64(len(signature)), size)]}
	}}
}

// Bytes is content held in memory.
type Bytes []byte

// Size returns the number of bytes.
func (b Bytes) Size() int64 { return int64(len(b)) }

// ReadAt reads from offset off.
func (b Bytes) ReadAt(p []byte, off int64) (int, error) {
	if off >= b.Size() {
		return 0, io.EOF
	}
	n := copy(p, b[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// generated is a file whose ends are generated when they are read and whose middle
// is padding computed from its offset.
type generated struct {
	shot Shot
	size int64
	plan func(s Shot, size int64) *layout
	mu   sync.Mutex
	kept weak.Pointer[layout] // guarded by mu; spares planning anew for each read
}

// layout is the parts of a generated file: head, padding, tail.
type layout struct {
	head, tail []byte
	// frame, if not nil, overwrites the noise of the padding at off where the
	// file format wants something else; total is the whole padding in bytes.
	frame func(p []byte, off, total int64)
}

// ShotOf returns what generated content shows. It is not ok for other content.
func ShotOf(c Content) (s Shot, ok bool) {
	g, ok := c.(*generated)
	if !ok {
		return Shot{}, false
	}
	return g.shot, true
}

func (s *generated) Size() int64 { return s.size }

func (s *generated) layout() *layout {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.kept.Value()
	if l == nil {
		l = s.plan(s.shot, s.size)
		s.kept = weak.Make(l)
	}
	return l
}

func (s *generated) ReadAt(p []byte, off int64) (int, error) {
	l := s.layout()
	padding := s.size - int64(len(l.head)) - int64(len(l.tail))
	n := 0
	for n < len(p) && off < s.size {
		at := off - int64(len(l.head))
		var k int
		switch {
		case at < 0:
			k = copy(p[n:], l.head[off:])
		case at < padding:
			k = int(min(int64(len(p)-n), padding-at))
			noise(p[n:n+k], s.shot.Seed, at)
			if l.frame != nil {
				l.frame(p[n:n+k], at, padding)
			}
		default:
			k = copy(p[n:], l.tail[at-padding:])
		}
		n += k
		off += int64(k)
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// noise fills p with the bytes at off of the endless noise of a seed.
func noise(p []byte, seed uint64, off int64) {
	var word [8]byte
	i := uint64(off) / 8
	if skip := int(off % 8); skip > 0 {
		binary.LittleEndian.PutUint64(word[:], noiseWord(seed, i))
		p = p[copy(p, word[skip:]):]
		i++
	}
	for len(p) >= 8 {
		binary.LittleEndian.PutUint64(p, noiseWord(seed, i))
		p = p[8:]
		i++
	}
	binary.LittleEndian.PutUint64(word[:], noiseWord(seed, i))
	copy(p, word[:])
}

// noiseWord is a bijection of i for each seed, so that no two places of the
// noise look alike.
func noiseWord(seed, i uint64) uint64 {
	x := i + bits.RotateLeft64(seed*0x9e3779b97f4a7c15, 31)
	x = (x ^ x>>32) * 0xd6e8feb86659fd93
	x = (x ^ x>>32) * 0xd6e8feb86659fd93
	return x ^ x>>32
}
