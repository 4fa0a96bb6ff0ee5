package resumable

import (
	"bytes"
	"encoding/hex"
)

// digest is a running checksum of an object whose bytes may pass more than once
// and, after a restart, not from the beginning.
type digest struct {
	kind Checksum
	h    *hasher // nil: unknown for good
	at   int64   // h covers the first at bytes

	again   *hasher // of bytes that pass again from the beginning; nil: none do
	againAt int64   // again covers the first againAt bytes
}

// newDigest returns the digest of no bytes. It hashes in a goroutine of its own
// while beside, if not nil, says so.
func newDigest(kind Checksum, beside func() bool) *digest {
	if kind == NoChecksum {
		return &digest{kind: kind}
	}
	return &digest{kind: kind, h: newHasher(kind, beside)}
}

// resumeDigest continues from what state returned. Without it, the digest of
// an object of which bytes have passed is unknown for good.
func resumeDigest(kind Checksum, state []byte, at int64, beside func() bool) *digest {
	d := newDigest(kind, beside)
	if d.h == nil || at < 0 || d.h.UnmarshalBinary(state) != nil {
		return &digest{kind: kind}
	}
	d.at = at
	return d
}

// rewind makes the digest compare: the source has been opened at its beginning,
// so that what is read up to d.at has been read before.
func (d *digest) rewind() {
	if d.again, d.againAt = nil, 0; d.h != nil && d.at > 0 {
		d.again = newHasher(d.kind, nil)
	}
}

// write takes p as the bytes from offset on. It returns ErrSourceChanged once it
// turns out that what passed again is not what passed first.
func (d *digest) write(p []byte, offset int64) error {
	if err := d.compare(p, offset); err != nil {
		return err
	}
	switch skip := d.at - offset; {
	case d.h == nil || skip >= int64(len(p)):
	case skip < 0:
		d.h = nil // bytes passed unseen
	default:
		d.h.Write(p[skip:])
		d.at += int64(len(p)) - skip
	}
	return nil
}

// compare digests what passes again, and compares when all of it has passed.
func (d *digest) compare(p []byte, offset int64) error {
	skip := d.againAt - offset
	switch {
	case d.again == nil || skip >= int64(len(p)):
		return nil
	case skip < 0:
		d.again = nil // not all of it passes
		return nil
	}
	n := min(int64(len(p))-skip, d.at-d.againAt)
	d.again.Write(p[skip : skip+n])
	if d.againAt += n; d.againAt < d.at {
		return nil
	}
	same := bytes.Equal(d.again.Sum(), d.h.Sum())
	if d.again = nil; !same {
		return ErrSourceChanged
	}
	return nil
}

// state returns what resumeDigest continues from; nothing if the digest is
// unknown.
func (d *digest) state() (state []byte, at int64) {
	if d.h == nil {
		return nil, 0
	}
	state, err := d.h.MarshalBinary()
	if err != nil {
		return nil, 0
	}
	return state, d.at
}

// sum returns the digest if it covers size bytes, else nil.
func (d *digest) sum(size int64) []byte {
	if d.h == nil || d.at != size {
		return nil
	}
	return d.h.Sum()
}

// hexSum returns a SHA-256 in lower-case hex, "" for any other digest.
func (d *digest) hexSum(size int64) string {
	if d.kind != SHA256 {
		return ""
	}
	return hex.EncodeToString(d.sum(size))
}
