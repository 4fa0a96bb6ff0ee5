// Package limittest tests that decoders of JSON from outside take memory in
// proportion to what they read.
package limittest

import (
	"bytes"
	"fmt"
	"iter"
	"runtime"
	"strings"
)

// smallest are elements of an array that take the least text for the most memory.
var smallest = []string{`{}`, `[]`, `0`, `""`, `null`, `{"a":0}`, `[[]]`, `{"":{}}`}

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

// Slack is what a call may allocate whatever it reads, in bytes.
const Slack = 64 << 10
