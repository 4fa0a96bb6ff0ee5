package resumable

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"
)

// changing is an object that becomes another from one opening on.
type changing struct {
	memory
	then []byte // after the openings before it
	from int    // opening with which it changes
}

func (c *changing) open(ctx context.Context, offset int64) (io.ReadCloser, error) {
	if len(c.opens) == c.from {
		c.data = c.then
	}
	return c.memory.open(ctx, offset)
}

// TestUnpinnedSources: of an object that nothing tells from others, the server
// ends with the bytes of one reading or with none, whatever drops and whenever
// the object changes, also if it is only in its last byte.
func TestUnpinnedSources(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		size := rapid.Int64Range(1, 20_000).Draw(rt, "size")
		raw := rapid.Bool().Draw(rt, "raw")
		cuts := rapid.SliceOfN(rapid.Int64Range(0, 9000), 0, 4).Draw(rt, "source cuts")
		lineCuts := rapid.SliceOfN(rapid.Int64Range(-1, 8000), 0, 4).Draw(rt, "line cuts")
		changes := rapid.IntRange(1, 6).Draw(rt, "changes with opening")
		differs := rapid.Int64Range(0, size-1).Draw(rt, "first byte that differs")
		synctest.Test(t, func(t *testing.T) {
			before, after := content(size), content(size)
			after[differs]++
			s := newStrictServer(100)
			s.cut = func(n int, _ string) int64 {
				if n < len(lineCuts) {
					return lineCuts[n]
				}
				return -1
			}
			m := &changing{memory: memory{data: before, cuts: cuts}, then: after, from: changes}
			u := uploader(s, 4000)
			u.Retry.Attempts = 30
			if raw {
				u.RawLimit = 0
			}
			res, err := u.Upload(t.Context(), Job{Media: Media{Size: size}, Open: m.open, Unpinned: true})
			if err != nil && !errors.Is(err, ErrSourceChanged) {
				rt.Fatalf("Upload: %v after %s", err, s.commands())
			}
			for _, at := range m.opens {
				if at != 0 {
					rt.Errorf("opened at %d", at)
				}
			}
			if err != nil {
				return
			}
			want := before
			if res.SHA256 == hexSum(after) {
				want = after
			}
			whole(rt, s, res, want)
		})
	})
}

// TestBytesReadAgainAreCompared, also where the source claims to be pinned.
func TestBytesReadAgainAreCompared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		before, after := content(3000), content(3000)
		after[10]++
		s := newStrictServer(100)
		s.cut = func(n int, _ string) int64 {
			if n == 1 {
				return 1200
			}
			return -1
		}
		m := &changing{memory: memory{data: before}, then: after, from: 1}
		u := uploader(s, 1000)
		u.RawLimit = 0
		if _, err := u.Upload(t.Context(), Job{Media: Media{Size: 3000}, Open: m.open}); !errors.Is(err, ErrSourceChanged) {
			t.Errorf("Upload = %v, want %v", err, ErrSourceChanged)
		}
	})
}
