// Package limittest tests that decoders of JSON from outside take memory in
// proportion to what they read.
package limittest

import (
	"bytes"
	"fmt"
	"iter"
	"runtime"
	"runtime/metrics"
	"strings"
	"testing"
	"time"
)

// smallest are elements of an array that take the least text for the most memory.
var smallest = []string{`{}`, `0`, `{"":0}`}

// Bodies returns documents of limit bytes that are made of the smallest elements,
// by name. Each template says where they stand: "@" is the elements of an array,
// "%" the members of an object.
func Bodies(limit int, templates ...string) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for _, template := range templates {
			if before, after, ok := strings.Cut(template, "%"); ok {
				if !yield(template, fill(limit, before, after, func(n int) string { return fmt.Sprintf(`"%x":0`, n) })) {
					return
				}
				continue
			}
			before, after, _ := strings.Cut(template, "@")
			for _, element := range smallest {
				if !yield(template+" of "+element, fill(limit, before, after, func(int) string { return element })) {
					return
				}
			}
		}
	}
}

func fill(limit int, before, after string, unit func(int) string) []byte {
	var b bytes.Buffer
	b.Grow(limit)
	b.WriteString(before)
	for n := 0; ; n++ {
		next := unit(n)
		if b.Len()+len(next)+1+len(after) > limit {
			break
		}
		if n > 0 {
			b.WriteByte(',')
		}
		b.WriteString(next)
	}
	b.WriteString(after)
	for b.Len() < limit {
		b.WriteByte(' ')
	}
	return b.Bytes()
}

// Allocated returns how many bytes f allocates, what is freed meanwhile included:
// the memory in use never grows by more.
func Allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// Peak returns by how many bytes the memory in use grows at the most while f runs,
// garbage that is not collected yet included.
func Peak(f func()) uint64 {
	runtime.GC()
	before := inUse()
	peak := before
	done, sampled := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(sampled)
		ticker := time.NewTicker(time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
				peak = max(peak, inUse())
			}
		}
	}()
	f()
	close(done)
	<-sampled
	return max(peak, inUse()) - before
}

func inUse() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// Check decodes bodies of limit bytes that are made as [Bodies] says, and fails t
// where memory grows to more than four times the limit, the body included. With
// the race detector, which makes this slow and no different, the test is skipped.
func Check(t testing.TB, limit int, decode func(body []byte), templates ...string) {
	t.Helper()
	if race {
		t.Skip("memory is measured without the race detector")
	}
	for name, body := range Bodies(limit, templates...) {
		if peak := Peak(func() { decode(body) }); peak > uint64(3*limit)+Slack {
			t.Errorf("%s: %d bytes of memory for a body of %d bytes, want at most 4 times as much", name, peak+uint64(limit), limit)
		}
	}
}

// Slack is what a call may allocate whatever it reads, in bytes.
const Slack = 512 << 10
