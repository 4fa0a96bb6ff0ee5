package resumable_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"

	"github.com/gondola-sync/gondola/resumable"
)

// googleAPI stands for a service with the media upload protocol.
func googleAPI() *httptest.Server {
	held := int64(0)
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		span, total, _ := strings.Cut(strings.TrimPrefix(r.Header.Get("Content-Range"), "bytes "), "/")
		switch {
		case r.Method != http.MethodPut && r.URL.Query().Get("uploadType") == "resumable":
			held = 0
			w.Header().Set("Location", "/session?upload_id=42")
		case r.Method != http.MethodPut:
			fmt.Fprint(w, `{"id":"1"}`)
		case total == strconv.FormatInt(held+n, 10):
			fmt.Fprintf(w, `{"id":"1","size":"%s"}`, total)
		default:
			if span != "*" {
				held += n
			}
			if held > 0 {
				w.Header().Set("Range", fmt.Sprintf("bytes=0-%d", held-1))
			}
			w.WriteHeader(http.StatusPermanentRedirect)
		}
	}))
}

// An upload to Cloud Storage by its JSON API, with an oauth2 client of your own.
func Example_cloudStorage() {
	server := googleAPI() // https://storage.googleapis.com
	defer server.Close()
	video := strings.NewReader(strings.Repeat("video", 100_000))

	job := resumable.FromReaderAt(video, video.Size())
	job.Media.ContentType = "video/mp4"
	job.Checksum = resumable.CRC32C
	result, err := resumable.Upload(context.Background(), &resumable.MediaUpload{
		URL:    server.URL + "/upload/storage/v1/b/bucket/o?uploadType=resumable&name=video.mp4",
		Client: server.Client(),
	}, job)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(result.Status, result.Size, result.Response)
	// Output:
	// 200 500000 {"id":"1","size":"500000"}
}

// An upload to Drive, with metadata. A small file goes in one request.
func Example_drive() {
	server := googleAPI() // https://www.googleapis.com
	defer server.Close()
	notes := strings.NewReader("notes")

	job, err := resumable.FromReadSeeker(notes)
	if err != nil {
		fmt.Println(err)
		return
	}
	job.Media.ContentType = "text/plain"
	job.Media.Metadata = json.RawMessage(`{"name":"notes.txt","parents":["folder"]}`)
	result, err := resumable.Upload(context.Background(), &resumable.MediaUpload{
		URL:    server.URL + "/upload/drive/v3/files?uploadType=multipart&fields=id,size,md5Checksum",
		Kind:   resumable.Multipart,
		Client: server.Client(),
	}, job)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(result.Response)
	// Output:
	// {"id":"1"}
}

// An upload that is stopped, and continued by another process.
func Example_resume() {
	server := googleAPI()
	defer server.Close()
	file := strings.NewReader(strings.Repeat("x", 3*resumable.ChunkUnit))
	u := resumable.Uploader{
		Protocol:  &resumable.MediaUpload{URL: server.URL + "/?uploadType=resumable", Client: server.Client()},
		ChunkSize: resumable.ChunkUnit,
	}

	var stored []byte // in a file of mode 0600
	ctx, stop := context.WithCancel(context.Background())
	job := resumable.FromReaderAt(file, file.Size())
	job.Save = func(_ context.Context, c resumable.Checkpoint) (err error) {
		stored, err = json.Marshal(c)
		if c.Confirmed == 2*resumable.ChunkUnit {
			stop()
		}
		return err
	}
	_, err := u.Upload(ctx, job)
	fmt.Println("stopped:", errors.Is(err, context.Canceled))

	var from resumable.Checkpoint
	if err := json.Unmarshal(stored, &from); err != nil {
		fmt.Println(err)
		return
	}
	job = resumable.FromReaderAt(file, file.Size())
	job.From, job.Recheck = &from, true
	result, err := u.Upload(context.Background(), job)
	fmt.Println(result.Size, "bytes, resumed from", result.ResumedFrom, err)
	// Output:
	// stopped: true
	// 786432 bytes, resumed from 524288 <nil>
}

// Progress of an upload whose size shows only at its end.
func Example_progress() {
	server := googleAPI()
	defer server.Close()
	pipe := io.LimitReader(neverEnding('x'), 600_000)

	job := resumable.FromReader(pipe)
	job.Progress = func(confirmed, size int64) {
		if size == resumable.Unknown {
			fmt.Println(confirmed, "bytes")
			return
		}
		fmt.Println(confirmed, "of", size, "bytes")
	}
	u := resumable.Uploader{
		Protocol:  &resumable.MediaUpload{URL: server.URL + "/?uploadType=resumable", Client: server.Client()},
		ChunkSize: resumable.ChunkUnit,
	}
	if _, err := u.Upload(context.Background(), job); err != nil {
		fmt.Println(err)
	}
	// Output:
	// 262144 bytes
	// 524288 bytes
	// 600000 of 600000 bytes
}

type neverEnding byte

func (b neverEnding) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(b)
	}
	return len(p), nil
}

// The steps of an upload, one request each.
func ExampleMediaUpload() {
	server := googleAPI()
	defer server.Close()
	ctx := context.Background()
	p := &resumable.MediaUpload{URL: server.URL + "/?uploadType=resumable", Client: server.Client()}

	session, err := p.Start(ctx, resumable.Media{Size: 5, ContentType: "text/plain"})
	if err != nil {
		fmt.Println(err)
		return
	}
	state, err := p.Query(ctx, session)
	fmt.Println("holds", state.Confirmed, err)
	state, err = p.Send(ctx, session, resumable.Segment{Length: 5, Total: 5, Body: strings.NewReader("hello")})
	fmt.Println("finished", state.Final, state.Result, err)
	// Output:
	// holds 0 <nil>
	// finished true {"id":"1","size":"5"} <nil>
}

// A retry policy for a service that is used by a person who waits.
func ExampleRetry() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "come back later", http.StatusServiceUnavailable)
	}))
	defer server.Close()
	u := resumable.Uploader{
		Protocol: &resumable.MediaUpload{URL: server.URL, Client: server.Client()},
		Retry:    resumable.Retry{Attempts: 2, Initial: 1},
	}
	_, err := u.Upload(context.Background(), resumable.FromReaderAt(strings.NewReader("x"), 1))
	if refused, ok := errors.AsType[*resumable.StatusError](err); ok {
		fmt.Println(refused.HTTP, refused.Message)
	}
	// Output:
	// 503 come back later
}

// A download, whose digest is compared with the server's.
func ExampleDownload() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Goog-Hash", "crc32c=mnG7TA==, md5=XUFAKrxLKna5cZ2REBfFkg==")
		fmt.Fprint(w, "hello")
	}))
	defer server.Close()
	result, err := resumable.Download(context.Background(), server.URL+"/o/hello?alt=media", os.Stdout)
	fmt.Println("", result.Size, result.Verified, err)
	// Output:
	// hello 5 true <nil>
}
