package main

import (
	"context"
	"errors"
	"fmt"
)

const unitPeak = "peak MiB"

// memoryRow takes the most resident memory that the process ever had. What the
// kernel holds in socket buffers is not part of it. Two sizes of files show that
// it does not depend on them.
var memoryRow = row{
	name:    "memory",
	title:   "peak memory of carrying 8 large files at once",
	target:  "≤ 64 MiB",
	measure: measureMemory,
	judge:   judgePeak,
}

func judgePeak(s series) (measured string, met bool) {
	most := s.most(unitPeak)
	return fmt.Sprintf("%.0f MiB", most), 0 < most && most <= 64
}

func measureMemory(ctx context.Context, b *bench, s *series) error {
	sizes := []int64{1e9, 3e9}
	if b.long {
		sizes = []int64{1e9, 20e9}
	}
	for _, size := range sizes {
		if err := b.memoryCarrying(ctx, s, size); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) memoryCarrying(ctx context.Context, s *series, size int64) error {
	c, err := newCloud(videos(8, size), nil)
	if err != nil {
		return err
	}
	used, _, err := b.sync(ctx, c, "--transfers", "8")
	if err == nil {
		err = c.prove(ctx)
	}
	name := fmt.Sprintf("8 files of %d GB", size/1e9)
	s.addPeak(name, used)
	s.addCost(name, used, 8*size)
	return errors.Join(err, c.close())
}

func (s *series) addPeak(name string, c cost) {
	if c.peak > 0 {
		s.add(name, unitPeak, float64(c.peak)/(1<<20))
	}
}
