package upload

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"math/rand/v2"
	"runtime"
	"testing"

	"pgregory.net/rapid"
)

// TestContentMatchesItsModel drives content by random writes and rewinds.
func TestContentMatchesItsModel(t *testing.T) {
	source := make([]byte, 16<<20)
	r := rand.NewChaCha8([32]byte{1})
	_, _ = r.Read(source)
	rapid.Check(t, func(t *rapid.T) {
		c := newContent(rapid.Int64Range(0, 3<<20).Draw(t, "limit"), sha256.New(), true)
		marks := []mark{c.mark()}
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			if rapid.IntRange(0, 3).Draw(t, "what") == 0 {
				c.rewind(marks[rapid.IntRange(0, len(marks)-1).Draw(t, "mark")])
				for len(marks) > 1 && marks[len(marks)-1].size > c.size {
					marks = marks[:len(marks)-1]
				}
				continue
			}
			n := rapid.Int64Range(0, min(1<<20, int64(len(source))-c.size)).Draw(t, "n")
			_, _ = c.Write(source[c.size : c.size+n])
			marks = append(marks, c.mark())
		}
		want := source[:c.size]
		if sum, _ := c.sha1(); c.digest() != sha256.Sum256(want) || sum != sha1.Sum(want) {
			t.Fatalf("digest %s of %d bytes is wrong", hex.EncodeToString(sum[:]), c.size)
		}
		f := c.file()
		got, err := io.ReadAll(f.Reader())
		if err != nil || int64(len(got)) != c.size {
			t.Fatalf("read %d of %d: %v", len(got), c.size, err)
		}
		head, tail := len(f.Head), len(got)-len(f.Tail)
		if !bytes.Equal(got[:head], want[:head]) || !bytes.Equal(got[tail:], want[tail:]) {
			t.Fatal("kept bytes differ")
		}
		if c.size <= c.limit && !f.Whole() && !outgrew(marks, c.limit) {
			t.Fatal("a small file is not whole")
		}
	})
}

func outgrew(marks []mark, limit int64) bool {
	for _, m := range marks {
		if m.size > limit {
			return true
		}
	}
	return false
}

// TestUploadsDuringFinalize asks for the state of all uploads while one of them
// is being finished.
func TestUploadsDuringFinalize(t *testing.T) {
	u := New(nil, nil, Options{})
	s := &session{id: "a", bytes: newContent(0, sha256.New(), false)}
	u.add(s)
	s.mu.Lock()
	asked := make(chan []State)
	go func() { asked <- u.States() }()
	for range 100 {
		runtime.Gosched()
		u.mint(&Upload{}) // as finalize does, with the session's mutex held
	}
	s.mu.Unlock()
	if states := <-asked; len(states) != 1 || states[0].ID != "a" {
		t.Errorf("states = %+v", states)
	}
}
