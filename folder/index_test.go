package folder

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
)

func TestNumbers(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var s numbers
	var all []uint64
	for range 5 * mostRecent {
		n := rng.Uint64N(4000)
		s.add(n)
		all = append(all, n)
	}
	slices.Sort(all)
	for range 200 {
		least := rng.Uint64N(4000)
		most := least + rng.Uint64N(20)
		var want []uint64
		for _, n := range all {
			if least <= n && n <= most {
				want = append(want, n)
			}
		}
		if got := s.between(least, most); !slices.Equal(got, want) || s.has(least) != slices.Contains(all, least) {
			t.Fatalf("from %d to %d: %v, want %v", least, most, got, want)
		}
	}
}

// TestIndexIsSmall bounds the memory of an index, to some 8 MB for a million files,
// and the lists that a look into it has to search.
func TestIndexIsSmall(t *testing.T) {
	const entries = 300_000
	rng := rand.New(rand.NewPCG(1, 1))
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	var x index
	for i := range int64(entries) {
		x.put(rng.Uint64(), i)
	}
	if got := float64(heap()-before) / entries; got > 9 {
		t.Errorf("%.1f bytes for each entry", got)
	}
	if n := len(x.entries.lists); n > 12 {
		t.Errorf("%d lists", n)
	}
}

// TestLinesOfOneDigest looks for items whose keys the index does not tell apart.
func TestLinesOfOneDigest(t *testing.T) {
	const items = 20_000
	dir := made(t)
	file, err := os.Create(filepath.Join(dir, filepath.FromSlash(manifestFile)))
	if err != nil {
		t.Fatal(err)
	}
	buffer := bufio.NewWriter(file)
	lines := json.NewEncoder(buffer)
	alike := map[uint64][]string{}
	for i := range items {
		e := Entry{Path: fmt.Sprint("p", i), Key: fmt.Sprint("k", i)}
		if err := lines.Encode(e); err != nil {
			t.Fatal(err)
		}
		short := digest(e.Key) >> offsetBits
		alike[short] = append(alike[short], e.Key)
	}
	if err := buffer.Flush(); err != nil {
		t.Fatal(err)
	}
	file.Close()
	root := openRoot(t, dir)
	var m manifest
	if err := m.refresh(root); err != nil || m.paths != items {
		t.Fatalf("%d paths, %v", m.paths, err)
	}
	looked := 0
	for _, keys := range alike {
		if len(keys) < 2 {
			continue
		}
		for _, key := range keys {
			if e, err := m.ofKey(root, key); err != nil || e == nil || e.Key != key || e.Path != "p"+key[1:] {
				t.Errorf("%s: %+v, %v", key, e, err)
			}
			looked++
		}
	}
	if looked == 0 {
		t.Skip("all digests differ, which is rare")
	}
}
