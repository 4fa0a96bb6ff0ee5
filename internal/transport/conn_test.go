package transport

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
)

// pieces records how large the reads of a body are.
type pieces struct {
	io.Reader
	largest int
}

func (p *pieces) Read(b []byte) (int, error) {
	n, err := p.Reader.Read(b)
	p.largest = max(p.largest, n)
	return n, err
}

// TestBodiesAreSentInLargePieces: a body is read and sent in pieces of
// copyBuffer, and arrives as it is.
func TestBodiesAreSentInLargePieces(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789abcdef"), 3*copyBuffer/16+5)
	var got []byte
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got, _ = io.ReadAll(r.Body)
	}))
	defer server.Close()
	pool := NewHTTP1()
	defer pool.CloseIdleConnections()
	for name, length := range map[string]int64{"known length": int64(len(content)), "chunked": -1} {
		body := &pieces{Reader: bytes.NewReader(content)}
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, body)
		if err != nil {
			t.Fatal(err)
		}
		req.ContentLength = length
		resp, err := pool.RoundTrip(req)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		resp.Body.Close()
		if !bytes.Equal(got, content) {
			t.Errorf("%s: %d bytes arrived that differ from the %d sent", name, len(got), len(content))
		}
		if length > 0 && body.largest != copyBuffer {
			t.Errorf("%s: the largest read had %d bytes, want %d", name, body.largest, copyBuffer)
		}
	}
}
