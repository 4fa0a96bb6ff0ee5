package emulator

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

// digests of one object, each computed when it is first asked for.
type digests struct {
	mu   sync.Mutex
	etag string
	sum  string
}

// digestsOf returns the digests of a generation of an object.
func (g *GoPro) digestsOf(key objectKey, generation uint64) *digests {
	key.medium = fmt.Sprintf("%s#%d", key.medium, generation)
	g.mu.Lock()
	defer g.mu.Unlock()
	d := g.digests[key]
	if d == nil {
		d = &digests{}
		g.digests[key] = d
	}
	return d
}

// tag returns the ETag in the manner of S3: the MD5 of the MD5s of the parts, and
// their number.
func (d *digests) tag(c sample.Content, key objectKey, generation uint64) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.etag != "" {
		return d.etag
	}
	parts := max((c.Size()+partSize-1)/partSize, 1)
	whole := md5.New()
	if c.Size() > hashedTags {
		fmt.Fprintf(whole, "%v %d", key, generation)
	} else {
		for i := range parts {
			part := md5.New()
			hashSection(part, c, i*partSize, min(partSize, c.Size()-i*partSize))
			whole.Write(part.Sum(nil))
		}
	}
	d.etag = fmt.Sprintf(`"%s-%d"`, hex.EncodeToString(whole.Sum(nil)), parts)
	return d.etag
}

// sha256 returns the digest of the whole in lower-case hex.
func (d *digests) sha256(c sample.Content) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.sum == "" {
		h := sha256.New()
		hashSection(h, c, 0, c.Size())
		d.sum = hex.EncodeToString(h.Sum(nil))
	}
	return d.sum
}

func hashSection(w io.Writer, c sample.Content, off, n int64) {
	buf := make([]byte, 256<<10)
	if _, err := io.CopyBuffer(w, io.NewSectionReader(c, off, n), buf); err != nil {
		panic(fmt.Sprintf("emulator: content of %d bytes cannot be read: %v", c.Size(), err))
	}
}
