package resumable

import (
	"crypto/sha256"
	"encoding"
	"encoding/hex"
	"hash"
)

// digest is a running SHA-256 of an object whose bytes may pass more than once
// and, after a restart, not from the beginning.
type digest struct {
	h  hash.Hash // nil: unknown for good
	at int64     // h covers the first at bytes
}

func newDigest() *digest { return &digest{h: sha256.New()} }

// resumeDigest continues from what state returned. Without it, the digest of
// an object of which bytes have passed is unknown for good.
func resumeDigest(state []byte, at int64) *digest {
	h := sha256.New()
	if at < 0 || h.(encoding.BinaryUnmarshaler).UnmarshalBinary(state) != nil {
		return &digest{}
	}
	return &digest{h: h, at: at}
}

// write is told that p passed as the bytes from offset on.
func (d *digest) write(p []byte, offset int64) {
	switch skip := d.at - offset; {
	case d.h == nil || skip >= int64(len(p)):
	case skip < 0:
		d.h = nil // bytes passed unseen
	default:
		d.h.Write(p[skip:])
		d.at += int64(len(p)) - skip
	}
}

// state returns what resumeDigest continues from; nothing if the digest is
// unknown.
func (d *digest) state() (state []byte, at int64) {
	if d.h == nil {
		return nil, 0
	}
	state, err := d.h.(encoding.BinaryMarshaler).MarshalBinary()
	if err != nil {
		return nil, 0
	}
	return state, d.at
}

// sum returns the digest in lower-case hex if it covers size bytes, else "".
func (d *digest) sum(size int64) string {
	if d.h == nil || d.at != size {
		return ""
	}
	return hex.EncodeToString(d.h.Sum(nil))
}
