package resumable

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// prefixSum returns the digest of data's first n bytes, in the form of a
// checkpoint's state.
func prefixSum(t interface{ Fatal(...any) }, state []byte) string {
	h := sha256.New()
	if err := h.(encoding.BinaryUnmarshaler).UnmarshalBinary(state); err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// TestHasherIsSHA256 writes pieces of any length, switches at any time between
// hashing beside and not, and asks for the state in between.
func TestHasherIsSHA256(t *testing.T) {
	data := content(6*hashBuffer + 17)
	rapid.Check(t, func(rt *rapid.T) {
		beside := rapid.Bool().Draw(rt, "beside")
		h := newHasher(SHA256, func() bool { return beside })
		h.leads = true
		at := 0
		for at < len(data) {
			n := min(rapid.IntRange(1, 3*hashBuffer).Draw(rt, "piece"), len(data)-at)
			piece := slices.Clone(data[at : at+n])
			h.Write(piece)
			clear(piece) // the caller uses it again
			at += n
			if rapid.IntRange(0, 3).Draw(rt, "what then") == 0 {
				beside = !beside
			}
			if rapid.IntRange(0, 3).Draw(rt, "marshal") == 0 {
				state, err := h.MarshalBinary()
				if got := prefixSum(rt, state); err != nil || got != hexSum(data[:at]) {
					rt.Fatalf("state after %d bytes is of others (%v)", at, err)
				}
			}
		}
		if got := hex.EncodeToString(h.Sum()); got != hexSum(data) {
			rt.Fatalf("Sum = %s, want %s", got, hexSum(data))
		}
		if h.made > hashBuffers {
			rt.Errorf("%d buffers, want at most %d", h.made, hashBuffers)
		}
	})
}

// TestHasherContinues: a state is continued from beside as well.
func TestHasherContinues(t *testing.T) {
	data := content(3 * hashBuffer)
	state, _ := func() ([]byte, int64) {
		d := newDigest(SHA256, nil)
		d.write(data[:1000], 0)
		return d.state()
	}()
	d := resumeDigest(SHA256, state, 1000, func() bool { return true })
	d.h.leads = true
	d.write(data[1000:], 1000)
	if got := d.hexSum(int64(len(data))); got != hexSum(data) {
		t.Errorf("sum = %s, want %s", got, hexSum(data))
	}
}

// blocking is a hash that waits before each Write.
type blocking struct{ turns chan struct{} }

func (b blocking) Write(p []byte) (int, error) { <-b.turns; return len(p), nil }
func (blocking) Sum(b []byte) []byte           { return b }
func (blocking) Reset()                        {}
func (blocking) Size() int                     { return 0 }
func (blocking) BlockSize() int                { return 1 }

// TestHasherWaitsForBuffers: a hash that is slower than the line holds the line
// up when all buffers are full, and its goroutine ends when all is hashed.
func TestHasherWaitsForBuffers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHasher(SHA256, func() bool { return true })
		h.leads = true
		turns := make(chan struct{})
		h.sum = blocking{turns}
		written := 0
		go func() {
			for range 8 {
				h.Write(make([]byte, hashBuffer))
				written++
			}
			h.settle()
			written = -written
		}()
		synctest.Wait()
		if written != hashBuffers {
			t.Errorf("%d buffers were taken while none was hashed, want %d", written, hashBuffers)
		}
		for range 8 {
			turns <- struct{}{}
		}
		synctest.Wait()
		if written != -8 || h.running {
			t.Errorf("after hashing: %d written, goroutine runs: %v", written, h.running)
		}
	})
}

// taking is a hash that takes some time for each Write.
type taking struct {
	blocking
	time.Duration
}

func (s taking) Write(p []byte) (int, error) { time.Sleep(s.Duration); return len(p), nil }

// TestHashingLeavesTheLine when it takes most of the time, and returns when the
// line has become slow.
func TestHashingLeavesTheLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHasher(SHA256, func() bool { return true })
		h.sum = taking{Duration: 3 * time.Millisecond}
		pass := func(line time.Duration) time.Duration {
			began := time.Now()
			for range 4 * shareOver / hashBuffer {
				time.Sleep(line)
				h.Write(make([]byte, hashBuffer))
			}
			h.settle()
			return time.Since(began)
		}
		for _, tc := range []struct {
			name  string
			line  time.Duration
			leads bool
		}{
			{"slower than the hash", 5 * time.Millisecond, false},
			{"faster", 2 * time.Millisecond, true},
			{"as fast as the hash, beside it", 5 * time.Millisecond, true},
			{"slow", 20 * time.Millisecond, false},
		} {
			if pass(tc.line); h.leads != tc.leads {
				t.Errorf("%s: beside the line: %v, want %v", tc.name, h.leads, tc.leads)
			}
		}
		pass(2 * time.Millisecond)
		inline := 4 * shareOver / hashBuffer * 5 * time.Millisecond
		if took := pass(2 * time.Millisecond); took > inline*7/10 {
			t.Errorf("took %v beside the line, and %v in it", took, inline)
		}
	})
}

// TestBesidePays: a second goroutine is for uploads that have a processor for it.
func TestBesidePays(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, tc := range []struct{ processors, inFlight, most int }{
		{1, 1, 0}, {2, 1, 1}, {4, 2, 2}, {8, 4, 4}, {64, 4, 4},
	} {
		runtime.GOMAXPROCS(tc.processors)
		most := 0
		for n := 1; n <= 64; n++ {
			if besidePays(n) {
				most = n
			}
		}
		if most != tc.most {
			t.Errorf("with %d processors up to %d uploads are hashed beside, want %d", tc.processors, most, tc.most)
		}
	}
}

// hashedBeside makes room for a second goroutine for the time of a test.
func hashedBeside(t *testing.T) {
	before := runtime.GOMAXPROCS(4)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
}

// TestCheckpointsOfLargeObjects: whatever drops, each checkpoint's hash state is of
// exactly the bytes that it says, also while they are hashed beside.
func TestCheckpointsOfLargeObjects(t *testing.T) {
	hashedBeside(t)
	const size, unit = worthBeside + 12_345, 256 << 10
	data := content(size)
	for seed := range uint64(4) {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			s := newStrictServer(unit)
			saved := 0
			open := func(_ context.Context, offset int64) (io.ReadCloser, error) {
				rest := data[offset:]
				if n := random.IntN(3 * unit); random.IntN(3) > 0 && n < len(rest) {
					return io.NopCloser(io.MultiReader(bytes.NewReader(rest[:n]), dropped{})), nil
				}
				return io.NopCloser(bytes.NewReader(rest)), nil
			}
			save := func(_ context.Context, c Checkpoint) error {
				saved++
				if got := prefixSum(t, c.HashState); got != hexSum(data[:c.HashAt]) {
					t.Errorf("checkpoint %d: the state is not of the first %d bytes", saved, c.HashAt)
				}
				return nil
			}
			u := uploader(s, 5*unit)
			res, err := u.Upload(t.Context(), Job{Media: Media{Size: size}, Open: open, Save: save})
			if err != nil {
				t.Fatal(err)
			}
			whole(t, s, res, data)
			if saved < 5 {
				t.Errorf("%d checkpoints, want more", saved)
			}
		})
	}
}

// dropped is a connection that drops.
type dropped struct{}

func (dropped) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

// TestCancelledLargeUploadLeavesNothing: the goroutine that hashes ends with the
// upload. synctest fails if one is left.
func TestCancelledLargeUploadLeavesNothing(t *testing.T) {
	hashedBeside(t)
	synctest.Test(t, func(t *testing.T) {
		const size = 2 * worthBeside
		s := newStrictServer(256 << 10)
		ctx, cancel := context.WithCancel(t.Context())
		passed := 0
		open := func(_ context.Context, offset int64) (io.ReadCloser, error) {
			return io.NopCloser(readerFunc(func(p []byte) (int, error) {
				if passed += len(p); passed > worthBeside/2 {
					cancel()
					time.Sleep(time.Second)
				}
				return len(p), nil
			})), nil
		}
		u := uploader(s, 5*mib)
		if _, err := u.Upload(ctx, Job{Media: Media{Size: size}, Open: open}); !errors.Is(err, context.Canceled) {
			t.Errorf("Upload = %v, want %v", err, context.Canceled)
		}
		if n := u.inFlight.Load(); n != 0 {
			t.Errorf("%d uploads in flight after the end", n)
		}
	})
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
