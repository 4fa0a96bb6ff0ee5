package cdn

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"sync"

	"github.com/gondola-sync/gondola/emulator/sample"
)

const (
	// partSize is the part size of the multipart uploads that ETags speak of.
	partSize = 20 << 20
	// hashedTags is up to which size ETags are computed from the bytes. Above, a
	// request would have to wait for gigabytes to be hashed, so that they are
	// only as unique as the real ones.
	hashedTags = 64 << 20
)

// Key names a version of an object.
type Key struct {
	Medium, Label string
	Number        int    // from 1
	Generation    uint64 // counts changes of the bytes
}

// Digests computes the digests of objects when they are first asked for, and keeps
// them. The zero value is ready for use, and safe for concurrent use.
type Digests struct {
	mu    sync.Mutex
	known map[Key]*digests // guarded by mu
}

type digests struct {
	tag, sum func() string
}

func (d *Digests) of(k Key, c sample.Content) *digests {
	d.mu.Lock()
	defer d.mu.Unlock()
	known := d.known[k]
	if known == nil {
		if d.known == nil {
			d.known = map[Key]*digests{}
		}
		known = &digests{
			tag: sync.OnceValue(func() string { return tag(k, c) }),
			sum: sync.OnceValue(func() string { return sum(c) }),
		}
		d.known[k] = known
	}
	return known
}

// Tag returns the ETag of a version in the manner of S3: the MD5 of the MD5s of the
// parts, and their number.
func (d *Digests) Tag(k Key, c sample.Content) string { return d.of(k, c).tag() }

// SHA256 returns the digest of a version in lower-case hex.
func (d *Digests) SHA256(k Key, c sample.Content) string { return d.of(k, c).sum() }

func tag(k Key, c sample.Content) string {
	parts := max((c.Size()+partSize-1)/partSize, 1)
	whole := md5.New()
	if c.Size() > hashedTags {
		fmt.Fprintf(whole, "%v", k)
	} else {
		for i := range parts {
			part := md5.New()
			hashSection(part, c, i*partSize, min(partSize, c.Size()-i*partSize))
			whole.Write(part.Sum(nil))
		}
	}
	return fmt.Sprintf(`"%s-%d"`, hex.EncodeToString(whole.Sum(nil)), parts)
}

func sum(c sample.Content) string {
	h := sha256.New()
	hashSection(h, c, 0, c.Size())
	return hex.EncodeToString(h.Sum(nil))
}

func hashSection(w io.Writer, c sample.Content, off, n int64) {
	buf := make([]byte, 256<<10)
	if _, err := io.CopyBuffer(w, io.NewSectionReader(c, off, n), buf); err != nil {
		panic(fmt.Sprintf("emulator: content of %d bytes cannot be read: %v", c.Size(), err))
	}
}
