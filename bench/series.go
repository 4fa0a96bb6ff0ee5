package main

import (
	"fmt"
	"slices"
	"strings"
)

// figure is what was measured of one contender in one unit, a value a round.
type figure struct {
	Name   string    `json:"name"`
	Unit   string    `json:"unit"`
	Values []float64 `json:"values"`
}

// series is the figures of a row, in the order in which they first came.
type series struct {
	Figures []figure `json:"figures"`
}

func (s *series) add(name, unit string, value float64) {
	if f := s.find(name, unit); f != nil {
		f.Values = append(f.Values, value)
		return
	}
	s.Figures = append(s.Figures, figure{name, unit, []float64{value}})
}

func (s *series) find(name, unit string) *figure {
	i := slices.IndexFunc(s.Figures, func(f figure) bool { return f.Name == name && f.Unit == unit })
	if i < 0 {
		return nil
	}
	return &s.Figures[i]
}

// middle is the median of a figure; 0 if it was not measured.
func (s series) middle(name, unit string) float64 {
	if f := s.find(name, unit); f != nil {
		return median(f.Values)
	}
	return 0
}

// best is the largest value of a figure; 0 if it was not measured.
func (s series) best(name, unit string) float64 {
	if f := s.find(name, unit); f != nil {
		return slices.Max(f.Values)
	}
	return 0
}

// most is the largest value in a unit, whatever it is of.
func (s series) most(unit string) (most float64) {
	for _, f := range s.Figures {
		if f.Unit == unit {
			most = max(most, slices.Max(f.Values))
		}
	}
	return most
}

// last is the latest value of a figure; 0 if it was not measured.
func (s series) last(name, unit string) float64 {
	if f := s.find(name, unit); f != nil {
		return f.Values[len(f.Values)-1]
	}
	return 0
}

// ratio compares the latest round of two contenders and keeps it as a figure of
// the first.
func (s *series) ratio(name, other, unit, as string) {
	s.add(name, as, s.last(name, unit)/s.last(other, unit))
}

// columns returns names and units in order.
func (s series) columns() (names, units []string) {
	for _, f := range s.Figures {
		if !slices.Contains(names, f.Name) {
			names = append(names, f.Name)
		}
		if !slices.Contains(units, f.Unit) {
			units = append(units, f.Unit)
		}
	}
	return names, units
}

// table renders the series in Markdown: a line for each name, a column for each
// unit, medians with the least and the most.
func (s series) table() string {
	names, units := s.columns()
	var t strings.Builder
	fmt.Fprintf(&t, "| | %s |\n|---|%s\n", strings.Join(units, " | "), strings.Repeat("---:|", len(units)))
	for _, name := range names {
		fmt.Fprintf(&t, "| %s |", name)
		for _, unit := range units {
			fmt.Fprintf(&t, " %s |", cell(s.find(name, unit)))
		}
		t.WriteString("\n")
	}
	return t.String()
}

func cell(f *figure) string {
	if f == nil {
		return ""
	}
	low, high := number(slices.Min(f.Values)), number(slices.Max(f.Values))
	if low == high {
		return low
	}
	return fmt.Sprintf("%s (%s–%s)", number(median(f.Values)), low, high)
}

// number keeps three digits of what is small, and all of what is large.
func number(v float64) string {
	switch {
	case v == 0:
		return "0"
	case v >= 100 || v == float64(int64(v)):
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	case v >= 0.1:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.2g", v)
}

// median returns the middle of some values, or the mean of the middle two.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	half := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[half]
	}
	return (sorted[half-1] + sorted[half]) / 2
}
