package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const (
	unitChange = "one change, ms"
	unitOpen   = "opening, s"
)

// kept is a kind of store and the sizes of the sessions that are measured in it.
type kept struct {
	store string
	sizes []int
	long  []int // sizes that only the long form measures
	// standIn names the server that was measured in place of the real one, whose
	// figures say nothing of how the store grows.
	standIn string
}

var keeps = []kept{
	{store: "jsondir", sizes: []int{10, 1_000, 100_000}, long: []int{1_000_000}},
	{store: "sqlite", sizes: []int{10, 1_000, 100_000, 1_000_000}},
	{store: "mongodb", sizes: []int{10, 300}, standIn: "FerretDB"},
	{store: "postgres", sizes: []int{10, 1_000, 100_000, 1_000_000}},
}

// backendsRow fills the table of docs/backends.md.
var backendsRow = row{
	name:    "backends",
	title:   "cost of one state change, in a small session and in the largest that was measured, in each store",
	page:    "backends.md",
	target:  "the same, within 2×",
	measure: measureBackends,
	judge:   judgeBackends,
}

func measureBackends(ctx context.Context, b *bench, s *series) error {
	binary := filepath.Join(b.dir, "backends.test")
	build := exec.CommandContext(ctx, "go", "test", "-c", "-o", binary, "./bench/backends")
	build.Dir, build.Stderr = b.root, os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("build bench/backends: %w", err)
	}
	if err := os.Chmod(b.dir, 0o711); err != nil { // a server runs as another user, in a directory below
		return err
	}
	mongo, err := b.startMongo(ctx)
	if err != nil {
		return err
	}
	defer mongo.stop()
	for _, k := range keeps {
		sizes := k.sizes
		if b.long {
			sizes = append(sizes, k.long...)
		}
		for _, items := range sizes {
			if err := b.measureStore(ctx, s, binary, mongo.uri, k.store, items); err != nil {
				return err
			}
		}
	}
	return nil
}

func storeName(store string, items int) string {
	return fmt.Sprintf("%s, %s items", store, thousands(items))
}

// measureStore runs the test of bench/backends in a process of its own.
func (b *bench) measureStore(ctx context.Context, s *series, binary, mongo, store string, items int) error {
	cmd := exec.CommandContext(ctx, binary, "-test.run", "^TestMeasure$", "-test.timeout", "0", "-test.v")
	cmd.Dir = filepath.Join(b.root, "bench", "backends")
	cmd.Env = append(os.Environ(), "BENCH_STORE="+store, fmt.Sprintf("BENCH_ITEMS=%d", items), "TMPDIR="+b.dir, "BENCH_MONGODB_URI="+mongo)
	_, stdout, err := measure(cmd)
	if err != nil {
		return fmt.Errorf("%w\n%s", err, stdout)
	}
	name := storeName(store, items)
	if strings.Contains(string(stdout), "--- SKIP") {
		b.progress("%s: left out, its server is not installed", name)
		return nil
	}
	for lines := bufio.NewScanner(bytes.NewReader(stdout)); lines.Scan(); {
		var load, change, open, list time.Duration
		var peak int64
		if n, _ := fmt.Sscanf(lines.Text(), "cost %d %d %d %d %d", &load, &change, &open, &list, &peak); n < 5 {
			continue
		}
		s.add(name, unitChange, float64(change.Microseconds())/1e3)
		s.add(name, unitOpen, open.Seconds())
		s.add(name, "listing all, s", list.Seconds())
		s.add(name, "storing, items/s", float64(items)/load.Seconds())
		s.addPeak(name, cost{peak: peak})
		b.progress("%s: loaded in %.0f s", name, load.Seconds())
		return nil
	}
	return fmt.Errorf("%s was not measured:\n%s", name, stdout)
}

// judgeBackends compares the smallest and the largest session of each store.
func judgeBackends(s series) (string, bool) {
	var found []string
	most := 0.0
	for _, k := range keeps {
		sizes := slices.Concat(k.sizes, k.long)
		small := s.middle(storeName(k.store, sizes[0]), unitChange)
		for _, items := range slices.Backward(sizes[1:]) {
			if large := s.middle(storeName(k.store, items), unitChange); large > 0 {
				ratio := fmt.Sprintf("%s %.1f× at %s", k.store, large/small, thousands(items))
				if k.standIn == "" {
					most = max(most, large/small)
				} else {
					ratio += " (" + k.standIn + ", not judged)"
				}
				found = append(found, ratio)
				break
			}
		}
	}
	return strings.Join(found, ", "), most > 0 && most <= 2
}

// thousands writes a number with commas.
func thousands(n int) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
