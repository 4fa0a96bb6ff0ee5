package resumable

import (
	"crypto/rand"
	"fmt"
	"io"
	"strings"
)

// multipartBody is metadata and media as multipart/related. The media is read as
// it is sent.
type multipartBody struct {
	boundary string
	size     int64 // of the media, or Unknown
	head     *strings.Reader
	media    io.Reader // nil: read to its end
	source   io.Reader // of media
	tail     *strings.Reader
	fixed    int64 // bytes of head and tail
}

func newMultipart(m Media, body io.Reader) *multipartBody {
	b := &multipartBody{boundary: "===" + rand.Text() + rand.Text() + "===", size: m.Size, media: body, source: body}
	head := fmt.Sprintf("--%s\r\nContent-Type: %s\r\n\r\n%s\r\n--%s\r\nContent-Type: %s\r\n\r\n",
		b.boundary, jsonType, metadata(m), b.boundary, contentType(m))
	tail := "\r\n--" + b.boundary + "--"
	b.head, b.tail, b.fixed = strings.NewReader(head), strings.NewReader(tail), int64(len(head)+len(tail))
	if m.Size != Unknown {
		b.media = &fullReader{body, m.Size}
	}
	return b
}

// contentType quotes the boundary, which has characters that need it.
func (b *multipartBody) contentType() string {
	return fmt.Sprintf("multipart/related; boundary=%q", b.boundary)
}

// length is that of the whole body, or Unknown.
func (b *multipartBody) length() int64 {
	if b.size == Unknown {
		return Unknown
	}
	return b.fixed + b.size
}

// Read reads head, media and tail.
func (b *multipartBody) Read(p []byte) (int, error) {
	if b.head.Len() > 0 {
		return b.head.Read(p)
	}
	if b.media != nil {
		n, err := b.media.Read(p)
		if err == io.EOF {
			b.media, err = nil, nil
		}
		return n, err
	}
	return b.tail.Read(p)
}

// Close closes the source.
func (b *multipartBody) Close() error {
	if c, ok := b.source.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// fullReader fails where its source ends early.
type fullReader struct {
	r    io.Reader
	left int64
}

func (f *fullReader) Read(p []byte) (int, error) {
	if f.left == 0 {
		return 0, io.EOF
	}
	n, err := f.r.Read(p[:min(int64(len(p)), f.left)])
	if f.left -= int64(n); err == io.EOF && f.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}
