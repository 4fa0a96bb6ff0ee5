package storage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	gcs "cloud.google.com/go/storage"

	"github.com/gondola-sync/gondola/resumable"
)

func content(n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{1}).Read(b)
	return b
}

const (
	mib  = 1 << 20
	unit = resumable.ChunkUnit
)

var sizes = []int{0, 1, unit - 1, unit, unit + 1, 100 * mib}

// kinds are the ways to upload, with the name that URLs have for each.
var kinds = []struct {
	name string
	kind resumable.Kind
}{{"resumable", resumable.Resumable}, {"multipart", resumable.Multipart}, {"media", resumable.Simple}}

// TestEqualObjects: what Google's client uploads and what this one uploads, in
// each kind and size, are equal at the server.
func TestEqualObjects(t *testing.T) {
	for name, start := range servers {
		t.Run(name, func(t *testing.T) {
			server := start(t)
			objects := official(t, server)
			for _, size := range sizes {
				data := content(size)
				want := uploadOfficially(t, objects, data)
				for _, k := range kinds {
					for _, known := range []bool{true, false} {
						title := fmt.Sprintf("%s-%d-%t", k.name, size, known)
						upload(t, name, server, title, k.name, k.kind, data, known)
						compare(t, objects, title, data, want)
					}
				}
			}
		})
	}
}

// uploadOfficially uploads by Google's client, resumable, and returns what the
// server says of the object.
func uploadOfficially(t *testing.T, objects *gcs.BucketHandle, data []byte) *gcs.ObjectAttrs {
	t.Helper()
	w := objects.Object("official").NewWriter(context.Background())
	w.ChunkSize, w.ContentType = chunkSize(data), "video/mp4"
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	attrs, err := objects.Object("official").Attrs(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return attrs
}

// chunkSize makes several chunks of data, and few of much: fake-gcs-server hashes
// all it holds after each.
func chunkSize(data []byte) int {
	if len(data) > 32*mib {
		return 32 * mib
	}
	return unit
}

func upload(t *testing.T, kindOfServer, server, name, kind string, k resumable.Kind, data []byte, known bool) {
	t.Helper()
	job := resumable.FromReaderAt(bytes.NewReader(data), int64(len(data)))
	if !known {
		job = resumable.FromReader(bytes.NewReader(data))
	}
	job.Media.ContentType = "video/mp4"
	if k != resumable.Simple {
		job.Media.Metadata = fmt.Appendf(nil, `{"name":%q,"contentType":"video/mp4"}`, name)
	}
	job.Checksum = resumable.MD5
	u := resumable.Uploader{
		Protocol:  &resumable.MediaUpload{URL: uploadURL(server, kind, name), Kind: k, Client: &http.Client{Transport: transportOf(kindOfServer)}},
		ChunkSize: int64(chunkSize(data)),
	}
	result, err := u.Upload(context.Background(), job)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if !result.Verified || result.Size != int64(len(data)) {
		t.Errorf("%s: %+v", name, result)
	}
}

// compare checks that the server holds data, and describes it as it does the
// object that Google's client uploaded.
func compare(t *testing.T, objects *gcs.BucketHandle, name string, data []byte, want *gcs.ObjectAttrs) {
	t.Helper()
	got, err := objects.Object(name).Attrs(context.Background())
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	told := got.CRC32C != 0 && want.CRC32C != 0 // gcsemu keeps the one that a client declares, which Google's does for what fits one chunk
	if got.Size != want.Size || !bytes.Equal(got.MD5, want.MD5) || told && got.CRC32C != want.CRC32C || got.ContentType != want.ContentType {
		t.Errorf("%s: size %d, MD5 %x, CRC32C %x, %q; want %d, %x, %x, %q", name,
			got.Size, got.MD5, got.CRC32C, got.ContentType, want.Size, want.MD5, want.CRC32C, want.ContentType)
	}
	r, err := objects.Object(name).NewReader(context.Background())
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	defer r.Close()
	if held, err := io.ReadAll(r); err != nil || !bytes.Equal(held, data) {
		t.Errorf("%s: server holds %d bytes that are not the %d: %v", name, len(held), len(data), err)
	}
}

// quick is a retry policy that does not wait.
var quick = resumable.Retry{Initial: time.Millisecond, Attempts: 4}

// TestTruncatedObjectIsNoSuccess: fake-gcs-server finishes an object when it is
// asked how much of it it holds.
func TestTruncatedObjectIsNoSuccess(t *testing.T) {
	server := servers["fake-gcs-server"](t)
	lossy := &unreliable{RoundTripper: http.DefaultTransport, lose: func(n int, r *http.Request) bool {
		return n == 2 && !strings.Contains(r.Header.Get("Content-Range"), "*/")
	}}
	data := content(4 * unit)
	for name, job := range map[string]resumable.Job{
		"known":   resumable.FromReaderAt(bytes.NewReader(data), int64(len(data))),
		"unknown": resumable.FromReader(bytes.NewReader(data)),
	} {
		lossy.n = 0
		u := resumable.Uploader{
			Protocol:  &resumable.MediaUpload{URL: uploadURL(server, "resumable", "truncated"), Client: &http.Client{Transport: lossy}},
			ChunkSize: unit, Retry: quick,
		}
		_, err := u.Upload(context.Background(), job)
		if e, ok := errors.AsType[*resumable.ProtocolError](err); !ok || !errors.Is(e, resumable.ErrContradiction) {
			t.Errorf("%s size: %v", name, err)
		}
	}
	attrs, err := official(t, server).Object("truncated").Attrs(context.Background())
	if err != nil || attrs.Size == int64(len(data)) {
		t.Errorf("the server did not finish a truncated object, so nothing was tried: %+v, %v", attrs, err)
	}
}

// TestRecovery: answers are lost, each of them once, and the upload goes on where
// the server is.
func TestRecovery(t *testing.T) {
	server := servers["gcsemu"](t)
	objects := official(t, server)
	data := content(4*unit + 5)
	want := uploadOfficially(t, objects, data)
	for lost := 1; lost <= 5; lost++ {
		for _, known := range []bool{true, false} {
			done := false
			lossy := &unreliable{RoundTripper: byPost{}, lose: func(n int, _ *http.Request) bool {
				if n != lost || done {
					return false
				}
				done = true
				return true
			}}
			job := resumable.FromReaderAt(bytes.NewReader(data), int64(len(data)))
			if !known {
				job = resumable.FromReader(bytes.NewReader(data))
			}
			name := fmt.Sprint("recovered", lost, known)
			job.Media.Metadata = fmt.Appendf(nil, `{"name":%q,"contentType":"video/mp4"}`, name)
			job.Checksum = resumable.MD5
			u := resumable.Uploader{
				Protocol:  &resumable.MediaUpload{URL: uploadURL(server, "resumable", name), Client: &http.Client{Transport: lossy}},
				ChunkSize: unit, Retry: quick,
			}
			_, err := u.Upload(context.Background(), job)
			if lost == 5 { // gcsemu answers 500 when it is asked for a session that it has finished
				if e, ok := errors.AsType[*resumable.StatusError](err); !ok || e.HTTP != 500 {
					t.Errorf("last answer lost, size known %t: %v", known, err)
				}
				continue
			}
			if err != nil || !done {
				t.Errorf("answer %d lost, size known %t: %v", lost, known, err)
				continue
			}
			compare(t, objects, name, data, want)
		}
	}
}

// TestResume: an upload in progress is continued by another process.
func TestResume(t *testing.T) {
	server := servers["gcsemu"](t)
	data := content(3 * unit)
	var from *resumable.Checkpoint
	stop := errors.New("stop")
	job := resumable.FromReaderAt(bytes.NewReader(data), int64(len(data)))
	job.Media.Metadata = []byte(`{"name":"resumed"}`)
	job.Checksum = resumable.MD5
	job.Save = func(_ context.Context, c resumable.Checkpoint) error {
		from = &c
		if c.Confirmed == 2*unit {
			return stop
		}
		return nil
	}
	u := resumable.Uploader{Protocol: &resumable.MediaUpload{URL: uploadURL(server, "resumable", "resumed"), Client: &http.Client{Transport: byPost{}}}, ChunkSize: unit}
	if _, err := u.Upload(context.Background(), job); !errors.Is(err, stop) {
		t.Fatal(err)
	}
	job.From, job.Save = from, nil
	result, err := u.Upload(context.Background(), job)
	if err != nil || result.ResumedFrom != 2*unit || !result.Verified {
		t.Errorf("%+v, %v", result, err)
	}
}
