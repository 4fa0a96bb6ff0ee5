package carrying_test

import (
	"bytes"
	"hash"
	"hash/crc32"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/internal/cli"
)

func BenchmarkCarryLarge(b *testing.B) { carry(b, emulator.Large(256<<20)) }

func BenchmarkCarryMany(b *testing.B) { carry(b, emulator.Many(300, 1)) }

// TestCarry runs what the benchmarks run, once and small.
func TestCarry(t *testing.T) {
	s := serve(t, emulator.Many(5, 1))
	s.sync(t)
	if got := len(s.cloud.Google.Items()); got != 5 {
		t.Errorf("%d items arrived, want 5", got)
	}
}

// carry runs a sync of the library for each turn, with new services and state.
func carry(b *testing.B, library emulator.Library) {
	var size int64
	for _, m := range library {
		for _, o := range m.Sources {
			size += o.Content.Size()
		}
	}
	b.SetBytes(size)
	for b.Loop() {
		b.StopTimer()
		s := serve(b, library)
		b.StartTimer()
		s.sync(b)
	}
}

// services are the emulated services and the environment that leads there.
type services struct {
	cloud   *emulator.Emulator
	environ []string
}

func serve(tb testing.TB, library emulator.Library) services {
	tb.Helper()
	cloud, err := emulator.New(emulator.Options{Library: library, Google: emulator.GoogleOptions{
		ProcessingTime: -1, WriteTime: -1, WritesPerMinute: 1 << 20, KeepFile: 1, KeepAll: 16 << 20,
		Digest: func() hash.Hash { return crc32.New(crc32.MakeTable(crc32.Castagnoli)) },
	}})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { cloud.Close() })
	if _, err := cloud.Listen("127.0.0.1"); err != nil {
		tb.Fatal(err)
	}
	home := tb.TempDir()
	environ, err := cloud.Environ(home)
	if err != nil {
		tb.Fatal(err)
	}
	return services{cloud, append(environ, "HOME="+home, "XDG_CONFIG_HOME="+home, "GONDOLA_STATE_DIR="+filepath.Join(home, "sessions"))}
}

func (s services) sync(tb testing.TB) {
	tb.Helper()
	var complaints bytes.Buffer
	if code := cli.Run(tb.Context(), []string{"sync", "--quiet"}, strings.NewReader(""), io.Discard, &complaints, s.environ); code != 0 {
		tb.Fatalf("exit code %d\n%s", code, &complaints)
	}
}
