// Upload uploads bytes that it generates, by package resumable or by a bare PUT.
// It is what the row uploads measures.
//
//	upload -url URL -size BYTES [-kind put|multipart|resumable] [-chunk BYTES] [-checksum none|crc32c|md5] [-unknown]
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/gondola-sync/gondola/resumable"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "upload:", err)
		os.Exit(1)
	}
}

func run() error {
	url := flag.String("url", "", "where to")
	kind := flag.String("kind", "resumable", "put, multipart or resumable")
	size := flag.Int64("size", 0, "bytes")
	chunk := flag.Int64("chunk", 0, "bytes; 0 for the default, -1 for one")
	checksum := flag.String("checksum", "none", "none, crc32c or md5")
	unknown := flag.Bool("unknown", false, "as a reader of unknown size")
	flag.Parse()
	if *kind == "put" {
		return put(*url, *size)
	}
	job := resumable.FromReaderAt(io.NewSectionReader(pattern{}, 0, *size), *size)
	if *unknown {
		job = resumable.FromReader(io.NewSectionReader(pattern{}, 0, *size))
	}
	job.Checksum = map[string]resumable.Checksum{"none": resumable.NoChecksum, "crc32c": resumable.CRC32C, "md5": resumable.MD5}[*checksum]
	p := &resumable.MediaUpload{URL: *url}
	if *kind == "multipart" {
		p.Kind, job.Media.Metadata = resumable.Multipart, []byte(`{"name":"o"}`)
	}
	u := resumable.Uploader{Protocol: p, ChunkSize: *chunk}
	result, err := u.Upload(context.Background(), job)
	if err == nil && result.Size != *size {
		err = fmt.Errorf("%d bytes arrived of %d", result.Size, *size)
	}
	return err
}

// put is the yardstick: one request by net/http as it comes.
func put(url string, size int64) error {
	req, err := http.NewRequest(http.MethodPut, url, io.NewSectionReader(pattern{}, 0, size))
	if err != nil {
		return err
	}
	req.ContentLength = size
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil || resp.StatusCode != http.StatusOK {
		return fmt.Errorf("HTTP %d, %w", resp.StatusCode, err)
	}
	return nil
}

// pattern is an endless source that costs a copy, as a file in the page cache does.
type pattern struct{}

var block = make([]byte, 1<<20)

func (pattern) ReadAt(p []byte, offset int64) (int, error) {
	for n := 0; n < len(p); {
		n += copy(p[n:], block[(offset+int64(n))%int64(len(block)):])
	}
	return len(p), nil
}
