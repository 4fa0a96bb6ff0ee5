package photosclient

import (
	"bufio"
	"fmt"
	"net"
	"net/textproto"
	"slices"
	"strings"
	"testing"

	"github.com/gondola-sync/gondola/emulator"
)

// TestHeaderLetterCase reads the answers off the socket: some clients compare the
// letter case of header names, which Go's HTTP client does not show.
func TestHeaderLetterCase(t *testing.T) {
	e, _ := newEmulator(t, emulator.GoogleOptions{})
	server, err := e.Listen("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", strings.TrimPrefix(server.PhotosURL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	in := textproto.NewReader(bufio.NewReader(conn))
	ask := func(target, body string, h ...string) []string {
		t.Helper()
		h = append(h, "Host: x", "Authorization: Bearer "+e.Google.Token(""), fmt.Sprintf("Content-Length: %d", len(body)))
		if _, err := fmt.Fprintf(conn, "POST %s HTTP/1.1\r\n%s\r\n\r\n%s", target, strings.Join(h, "\r\n"), body); err != nil {
			t.Fatal(err)
		}
		var names []string
		for line, length := "", 0; ; {
			if line, err = in.ReadLine(); err != nil {
				t.Fatal(err)
			}
			if line == "" {
				_, err := in.R.Discard(length)
				if err != nil {
					t.Fatal(err)
				}
				return names
			}
			_, _ = fmt.Sscanf(line, "Content-Length: %d", &length) // other lines do not match
			names = append(names, line)
		}
	}
	everywhere := []string{"X-Goog-Upload-Status", "X-GUploader-UploadID", "Date"}
	check := func(step string, lines []string, want ...string) {
		t.Helper()
		if lines[0] != "HTTP/1.1 200 OK" {
			t.Fatalf("%s: %s", step, lines[0])
		}
		for _, name := range append(want, everywhere...) {
			if !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, name+": ") }) {
				t.Errorf("%s: no %s in %q", step, name, lines)
			}
		}
	}
	start := ask("/v1/uploads", "", "X-Goog-Upload-Protocol: resumable", "X-Goog-Upload-Command: start", "X-Goog-Upload-Raw-Size: 3")
	check("start", start, "X-Goog-Upload-URL", "X-Goog-Upload-Chunk-Granularity")
	i := slices.IndexFunc(start, func(l string) bool { return strings.HasPrefix(l, "X-Goog-Upload-URL: ") })
	target := strings.TrimPrefix(start[i], "X-Goog-Upload-URL: "+server.PhotosURL)
	check("query", ask(target, "", "X-Goog-Upload-Command: query"), "X-Goog-Upload-Size-Received")
	check("finalize", ask(target, "abc", "X-Goog-Upload-Command: upload, finalize"))
	check("raw", ask("/v1/uploads", "abc", "X-Goog-Upload-Protocol: raw"))
}
