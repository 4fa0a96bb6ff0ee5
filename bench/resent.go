package main

import (
	"context"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

const (
	unitSegments = "most of a segment per file in flight, %"
	keepsBytes   = "services that keep bytes"
	allServices  = "all services"
)

// resentRow reads what the crash harness reports; docs/reliability.md says what
// it does, and has the figures of a thousand kills and more.
var resentRow = row{
	name:    "resent",
	title:   "bytes sent again after a kill at a random moment",
	target:  "≤ one segment per file in flight",
	measure: measureResent,
	judge: func(s series) (string, bool) {
		most := s.middle(allServices, unitSegments)
		return fmt.Sprintf("at most %.0f %% of that; %.0f KiB in the mean of %.0f kills", most,
			s.middle(allServices, "mean KiB"), s.middle(allServices, "kills")), most <= 100
	},
}

func measureResent(ctx context.Context, b *bench, s *series) error {
	kills := "60"
	if b.long {
		kills = "1000"
	}
	cmd := exec.CommandContext(ctx, "go", "run", "./internal/chaos", "-kills", kills, "-items", "100", "-seed", "1", "-parallel", "1")
	cmd.Dir = b.root
	_, stdout, err := measure(cmd)
	if err != nil {
		return err
	}
	for _, line := range []struct{ begins, name string }{{"service forgiving", keepsBytes}, {"all", allServices}} {
		if err := s.addKills(line.name, string(stdout), line.begins); err != nil {
			return err
		}
	}
	return nil
}

// addKills reads one line of the harness's table: kills, share of those after
// which nothing was sent again, then KiB (mean, p50, p90, p99, max), then the
// most in relation to the bound.
func (s *series) addKills(name, report, begins string) error {
	for line := range strings.Lines(report) {
		rest, ok := strings.CutPrefix(strings.TrimSpace(line), begins+" ")
		if !ok {
			continue
		}
		fields := strings.Fields(rest)
		for i, unit := range []string{"kills", "nothing again, %", "mean KiB", "", "p90 KiB", "", "most KiB", unitSegments} {
			if i >= len(fields) {
				return fmt.Errorf("the crash harness reports %q", line)
			}
			value, err := strconv.ParseFloat(strings.TrimSuffix(fields[i], "%"), 64)
			if err != nil {
				return fmt.Errorf("the crash harness reports %q: %w", line, err)
			}
			if unit != "" {
				s.add(name, unit, value)
			}
		}
		return nil
	}
	return fmt.Errorf("the crash harness reports nothing of %q", begins)
}
