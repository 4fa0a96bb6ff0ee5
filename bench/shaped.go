package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/internal/line"
)

// The line that DESIGN promises for, and what a connection costs on it before it
// carries bytes: TCP's round trip and that of TLS 1.3.
const (
	lineRate    = 25e6 // bytes a second, each way
	lineDelay   = 25 * time.Millisecond
	lineOpening = 2
)

func homeLine() *line.Line {
	leg := line.Leg{Rate: lineRate, Delay: lineDelay}
	return line.New(line.Options{Down: leg, Up: leg, Opening: lineOpening})
}

const (
	largeFiles  = "gondola, large files"
	smallPhotos = "gondola, 2 MB photos"
)

var lineRow = row{
	name:    "line",
	title:   "a shaped line of 25 MB/s each way with a round trip of 50 ms: large files, and 2 MB photos",
	target:  "≥ 0.97 and ≥ 0.9 of the line",
	measure: measureLine,
	judge: func(s series) (string, bool) {
		large, small := s.middle(largeFiles, unitShare), s.middle(smallPhotos, unitShare)
		return fmt.Sprintf("%.3f and %.3f", large, small), large >= 0.97 && small >= 0.9
	},
}

func measureLine(ctx context.Context, b *bench, s *series) error {
	large, small := videos(2, 500e6), photos(300, 2e6)
	if b.long {
		large, small = videos(4, 1e9), photos(2000, 2e6)
	}
	for range b.atMost(2) {
		if err := b.shapedGondola(ctx, s, largeFiles, large); err != nil {
			return err
		}
		if err := b.shapedGondola(ctx, s, smallPhotos, small); err != nil {
			return err
		}
	}
	return nil
}

// atMost is the number of rounds for what takes long and varies little.
func (b *bench) atMost(rounds int) int { return min(b.rounds, rounds) }

func (b *bench) shapedGondola(ctx context.Context, s *series, name string, library emulator.Library) error {
	c, err := newCloud(library, homeLine())
	if err != nil {
		return err
	}
	used, _, err := b.sync(ctx, c)
	if err == nil {
		err = c.prove(ctx)
	}
	s.addShare(name, used, bytesOf(library))
	return errors.Join(err, c.close())
}

// addShare keeps how much of the line one run had, from its start to its end.
func (s *series) addShare(name string, c cost, bytes int64) {
	s.add(name, unitRate, c.rate(bytes))
	s.add(name, unitShare, c.rate(bytes)*1e6/lineRate)
}

// designRow shows what other designs make of the same line. They run without
// listing, session and registration, which flatters them.
var designRow = row{
	name:    "designs",
	title:   "the same line: chunks of 1 MiB in sequence, and batches that are downloaded and then uploaded",
	measure: measureDesigns,
}

const (
	chunkedLarge = "1 MiB chunks in sequence, large files"
	chunkedSmall = "1 MiB chunks in sequence, 2 MB photos"
	batchedLarge = "download batch, then upload it, large files"
	batchedSmall = "download batch, then upload it, 2 MB photos"
)

func measureDesigns(ctx context.Context, b *bench, s *series) error {
	large, small := videos(10, 25e6), photos(100, 2e6)
	if b.long {
		large, small = videos(20, 50e6), photos(1000, 2e6)
	}
	for _, d := range []struct {
		name, design string
		library      emulator.Library
	}{
		{chunkedLarge, "chunks", large}, {chunkedSmall, "chunks", small},
		{batchedLarge, "batches", large}, {batchedSmall, "batches", small},
	} {
		if err := b.shapedDesign(ctx, s, d.name, d.design, d.library); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) shapedDesign(ctx context.Context, s *series, name, design string, library emulator.Library) error {
	c, err := newCloud(library, homeLine())
	if err != nil {
		return err
	}
	size := bytesOf(library)
	urls, err := c.urls(ctx)
	if err == nil {
		var used cost
		used, err = b.yardstick(ctx, c, b.design, append([]string{design, c.endpoint()}, urls...)...)
		s.addShare(name, used, size)
	}
	if got := c.received(); err == nil && got != size {
		err = fmt.Errorf("%s: %d of %d bytes arrived", name, got, size)
	}
	return errors.Join(err, c.close())
}
