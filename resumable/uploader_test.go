package resumable

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"math/rand/v2"
	"testing"
	"testing/synctest"
)

func content(n int64) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{1})
	r.Read(b)
	return b
}

func hexSum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

// memory is a source whose connections yield at most cut bytes and then drop.
type memory struct {
	data  []byte
	cuts  []int64 // of successive connections; then none
	opens []int64 // offsets
}

func (m *memory) open(_ context.Context, offset int64) (io.ReadCloser, error) {
	m.opens = append(m.opens, offset)
	rest := m.data[offset:]
	if len(m.cuts) > 0 {
		cut := m.cuts[0]
		m.cuts = m.cuts[1:]
		if cut < int64(len(rest)) {
			return io.NopCloser(io.MultiReader(bytes.NewReader(rest[:cut]), brokenReader{})), nil
		}
	}
	return io.NopCloser(bytes.NewReader(rest)), nil
}

func uploader(s *strictServer, segment int64) *Uploader {
	return &Uploader{
		Protocol: &XGoogUpload{URL: s.base, Client: s.client()},
		RawLimit: -1,
		Sizing:   Sizing{First: segment, Min: segment, Max: segment},
	}
}

// whole checks that the server holds exactly data under the result's token.
func whole(t interface {
	Helper()
	Errorf(string, ...any)
}, s *strictServer, res Result, data []byte) {
	t.Helper()
	if !bytes.Equal(s.uploads[res.Response], data) {
		t.Errorf("server holds %d bytes that are not the %d of the source", len(s.uploads[res.Response]), len(data))
	}
	if res.SHA256 != hexSum(data) {
		t.Errorf("SHA256 = %q, want %q", res.SHA256, hexSum(data))
	}
}

func TestUploadSegments(t *testing.T) {
	const unit = 1000
	for _, tc := range []struct {
		name    string
		size    int64
		segment int64
		want    string
	}{
		{"one", 1500, 2000, "start upload,finalize"},
		{"exactly one", 2000, 2000, "start upload,finalize"},
		{"exactly two", 4000, 2000, "start upload upload,finalize"},
		{"and a rest", 4001, 2000, "start upload upload upload,finalize"},
		{"segment below unit", 2500, 10, "start upload upload upload,finalize"},
		{"segment rounded down", 5000, 2999, "start upload upload upload,finalize"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, m := newStrictServer(unit), &memory{data: content(tc.size)}
			var saved []Checkpoint
			res, err := uploader(s, tc.segment).Upload(t.Context(), Job{
				Media: Media{Size: tc.size},
				Open:  m.open,
				Save:  func(_ context.Context, c Checkpoint) error { saved = append(saved, c); return nil },
			})
			if err != nil {
				t.Fatal(err)
			}
			whole(t, s, res, m.data)
			if got := s.commands(); got != tc.want {
				t.Errorf("commands %q, want %q", got, tc.want)
			}
			if len(m.opens) != 1 {
				t.Errorf("source opened at %v, want once", m.opens)
			}
			if len(saved) != len(s.log)-1 || saved[0].Confirmed != 0 || saved[0].Session.URL == "" {
				t.Errorf("%d checkpoints for %q", len(saved), s.commands())
			}
		})
	}
}

func TestUploadRaw(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, m := newStrictServer(1000), &memory{data: content(3000)}
		s.cut = func(n int, _ string) int64 {
			if n == 1 {
				return 1200
			}
			return -1
		}
		u := uploader(s, 1000)
		u.RawLimit = 0 // the default
		var sent, resent int64
		res, err := u.Upload(t.Context(), Job{
			Media:  Media{Size: 3000},
			Open:   m.open,
			Sent:   func(n int64) { sent += n },
			Resent: func(n int64) { resent += n },
		})
		if err != nil {
			t.Fatal(err)
		}
		whole(t, s, res, m.data)
		if got := s.commands(); got != "raw raw" {
			t.Errorf("commands %q", got)
		}
		if sent-resent != 3000 || resent < 1200 {
			t.Errorf("sent %d, of it again %d", sent, resent)
		}
	})
}
