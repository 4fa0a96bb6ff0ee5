package resumable_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/gondola-sync/gondola/resumable"
)

// photos keeps whatever is sent and hands out a token for it.
func photos(w http.ResponseWriter, r *http.Request) {
	n, _ := io.Copy(io.Discard, r.Body)
	switch r.Header.Get("X-Goog-Upload-Command") {
	case "start":
		w.Header().Set("X-Goog-Upload-Status", "active")
		w.Header().Set("X-Goog-Upload-Chunk-Granularity", "1024")
		w.Header().Set("X-Goog-Upload-URL", "http://"+r.Host+"/v1/uploads?upload_id=42")
	case "upload":
		fmt.Println("segment of", n, "bytes at", r.Header.Get("X-Goog-Upload-Offset"))
		w.Header().Set("X-Goog-Upload-Status", "active")
	default:
		fmt.Println("last segment of", n, "bytes at", r.Header.Get("X-Goog-Upload-Offset"))
		w.Header().Set("X-Goog-Upload-Status", "final")
		fmt.Fprint(w, "upload-token")
	}
}

func ExampleUploader() {
	server := httptest.NewServer(http.HandlerFunc(photos))
	defer server.Close()

	video := make([]byte, 5000)
	u := resumable.Uploader{
		Protocol: &resumable.XGoogUpload{URL: server.URL + "/v1/uploads", Client: server.Client()},
		RawLimit: 1000,
		Sizing:   resumable.Sizing{First: 2048, Max: 2048},
	}
	result, err := u.Upload(context.Background(), resumable.Job{
		Media: resumable.Media{Size: int64(len(video)), ContentType: "video/mp4"},
		Open: func(_ context.Context, offset int64) (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(video[offset:])), nil
		},
		Save: func(_ context.Context, c resumable.Checkpoint) error {
			fmt.Println("confirmed", c.Confirmed)
			return nil
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(result.Response, result.SHA256[:8])
	// Output:
	// confirmed 0
	// segment of 2048 bytes at 0
	// confirmed 2048
	// segment of 2048 bytes at 2048
	// confirmed 4096
	// last segment of 904 bytes at 4096
	// upload-token 7ca5bd87
}
