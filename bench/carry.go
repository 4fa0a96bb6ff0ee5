package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/gondola-sync/gondola/emulator"
)

const (
	unitRate    = "MB/s"
	unitCPU     = "CPU s/GB"
	unitShare   = "of the line"
	unitOfPipe  = "of pipe's rate"
	unitCPUPipe = "× pipe's CPU"
	unitOfHash  = "of hashing pipe's rate"
	unitCPUHash = "× hashing pipe's CPU"

	contender   = "gondola"
	pipeName    = "pipe"
	pipeHashing = "pipe that hashes"
)

// carryRow compares with a program that does nothing else. Gondola hashes what
// it carries, which the bare one need not; one that does is measured as well.
var carryRow = row{
	name:    "carry",
	title:   "one large file over loopback, against a bare Go program that pipes GET into POST",
	target:  "≥ 0.8 of its throughput, ≤ 2.8 of its CPU",
	measure: measureCarry,
	judge: func(s series) (string, bool) {
		rate, cpu := s.middle(contender, unitOfPipe), s.middle(contender, unitCPUPipe)
		return fmt.Sprintf("%.2f and %.2f (%.2f and %.2f where both hash)",
			rate, cpu, s.middle(contender, unitOfHash), s.middle(contender, unitCPUHash)), rate >= 0.8 && cpu <= 2.8
	},
}

func measureCarry(ctx context.Context, b *bench, s *series) error {
	return b.carryBeside(ctx, s, func(l emulator.Library) (*cloud, error) { return newCloud(l, nil) })
}

// tlsRow is carryRow with HTTPS on both legs, as it is in earnest: the yardstick
// is the pipe that hashes, too.
var tlsRow = row{
	name:   "tls",
	title:  "one large file over TLS on loopback, against a Go program that pipes GET into POST and hashes",
	target: "≥ 0.97 of its throughput, ≤ 1.05 of its CPU; of the bare pipe's CPU ≤ 1.6",
	measure: func(ctx context.Context, b *bench, s *series) error {
		return b.carryBeside(ctx, s, func(l emulator.Library) (*cloud, error) { return newTLSCloud(l, b.dir) })
	},
	judge: func(s series) (string, bool) {
		rate, cpu, bare := s.middle(contender, unitOfHash), s.middle(contender, unitCPUHash), s.middle(contender, unitCPUPipe)
		return fmt.Sprintf("%.2f and %.2f; %.2f", rate, cpu, bare), rate >= 0.97 && cpu <= 1.05 && bare <= 1.6
	},
}

// opener starts services with a library.
type opener func(emulator.Library) (*cloud, error)

// carryBeside measures Gondola and the yardsticks in turns.
func (b *bench) carryBeside(ctx context.Context, s *series, open opener) error {
	size := int64(3e9)
	if b.long {
		size = 15e9
	}
	for range b.rounds {
		if err := b.carryGondola(ctx, s, open, size); err != nil {
			return err
		}
		for _, p := range []struct {
			name string
			args []string
		}{{pipeName, nil}, {pipeHashing, []string{"-sha256"}}} {
			if err := b.carryPipe(ctx, s, open, p.name, p.args, size); err != nil {
				return err
			}
		}
		s.ratio(contender, pipeName, unitRate, unitOfPipe)
		s.ratio(contender, pipeName, unitCPU, unitCPUPipe)
		s.ratio(contender, pipeHashing, unitRate, unitOfHash)
		s.ratio(contender, pipeHashing, unitCPU, unitCPUHash)
	}
	return nil
}

func (b *bench) carryGondola(ctx context.Context, s *series, open opener, size int64) error {
	c, err := open(videos(1, size))
	if err != nil {
		return err
	}
	used, _, err := b.sync(ctx, c)
	if err == nil {
		err = c.prove(ctx)
	}
	s.addCost(contender, used, size)
	return errors.Join(err, c.close())
}

func (b *bench) carryPipe(ctx context.Context, s *series, open opener, name string, args []string, size int64) error {
	c, err := open(videos(1, size))
	if err != nil {
		return err
	}
	urls, err := c.urls(ctx)
	if err == nil {
		var used cost
		used, err = b.yardstick(ctx, c, b.pipe, append(args, urls[0], c.endpoint())...)
		s.addCost(name, used, size)
	}
	if got := c.received(); err == nil && got != size {
		err = fmt.Errorf("%s: %d of %d bytes arrived", name, got, size)
	}
	return errors.Join(err, c.close())
}

// addCost keeps throughput and processor time of one run that carried so many
// bytes.
func (s *series) addCost(name string, c cost, bytes int64) {
	s.add(name, unitRate, c.rate(bytes))
	s.add(name, unitCPU, c.perGB(bytes))
}
