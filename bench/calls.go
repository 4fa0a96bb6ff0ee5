package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/gondola-sync/gondola/emulator"
)

const unitCalls = "JSON calls"

var callsRow = row{
	name:    "calls",
	title:   "JSON calls to Google for 1,000 items",
	target:  "≤ 25",
	measure: measureCalls,
	judge: func(s series) (string, bool) {
		calls := s.middle(contender, unitCalls)
		return fmt.Sprintf("%.0f", calls), calls <= 25
	},
}

func measureCalls(ctx context.Context, b *bench, s *series) error {
	c, err := newCloud(emulator.Many(1000, 1), nil)
	if err != nil {
		return err
	}
	_, sum, err := b.sync(ctx, c)
	if err == nil {
		err = c.prove(ctx)
	}
	s.add(contender, unitCalls, float64(sum.Requests["gphotos_json"]))
	s.add(contender, "uploads", float64(sum.Requests["gphotos_upload"]))
	s.add(contender, "downloads", float64(sum.Requests["cdn"]))
	return errors.Join(err, c.close())
}
