package resumable

import (
	"context"
	"io"
	"testing"
)

// zeros is an endless source.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
func (zeros) Close() error               { return nil }

// body is what an upload request reads from, some terabytes of it.
func body(t testing.TB) *outgoing {
	t.Helper()
	u := &Uploader{Protocol: &XGoogUpload{}}
	job := Job{
		Media: Media{Size: 1 << 50},
		Open:  func(context.Context, int64) (io.ReadCloser, error) { return zeros{}, nil },
		Sent:  func(int64) {},
	}
	tr := newTransfer(u, job)
	if err := tr.src.seek(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	watch := newWatchdog(Timeouts{}.withDefaults(), job.Media.Size, func() {})
	t.Cleanup(watch.stop)
	return newOutgoing(request{body: tr.passage(t.Context()), length: job.Media.Size}, watch)
}

func TestReadsDoNotAllocate(t *testing.T) {
	out, buf := body(t), make([]byte, 32<<10)
	if n := testing.AllocsPerRun(1000, func() { out.Read(buf) }); n != 0 {
		t.Errorf("a read of an upload's body allocates %v times", n)
	}
}

// BenchmarkPassage is what passing bytes costs besides reading and writing them:
// the digest, and little else.
func BenchmarkPassage(b *testing.B) {
	out, buf := body(b), make([]byte, 32<<10)
	b.SetBytes(int64(len(buf)))
	for b.Loop() {
		if _, err := out.Read(buf); err != nil {
			b.Fatal(err)
		}
	}
}
