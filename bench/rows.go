package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// row is one thing that is promised of Gondola's speed.
type row struct {
	name    string
	title   string
	page    string // where its section is, if not in performance.md
	command string // what measures it, if not this program alone
	apart   bool   // it needs more than this repository: only by name
	target  string
	measure func(ctx context.Context, b *bench, s *series) error
	// judge says what was measured in the terms of the target, and whether it
	// is met. Nil: there is no target.
	judge func(s series) (measured string, met bool)
}

var rows = []row{carryRow, tlsRow, lineRow, designRow, memoryRow, folderRow, folderMemoryRow, listingRow, openRow, backendsRow, resentRow, callsRow, profileRow, uploadsRow, q2googleRow}

func names() (all []string) {
	for _, r := range rows {
		all = append(all, r.name)
	}
	return all
}

// choose returns the rows that are named, or if none are all but those apart.
func choose(only string) ([]row, error) {
	if only == "" {
		return slices.DeleteFunc(slices.Clone(rows), func(r row) bool { return r.apart }), nil
	}
	var chosen []row
	for name := range strings.SplitSeq(only, ",") {
		i := slices.IndexFunc(rows, func(r row) bool { return r.name == name })
		if i < 0 {
			return nil, fmt.Errorf("unknown row %q; there are %s", name, strings.Join(names(), ", "))
		}
		chosen = append(chosen, rows[i])
	}
	return chosen, nil
}

func word(met bool) string {
	if met {
		return "met"
	}
	return "missed"
}
