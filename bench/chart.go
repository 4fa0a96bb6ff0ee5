package main

import (
	"encoding/xml"
	"fmt"
	"strings"
)

// bar is one bar of a chart.
type bar struct {
	label string
	value float64
	ours  bool
}

// Measures of a chart in pixels.
const (
	chartWidth = 720
	labelWidth = 330
	barHeight  = 22
	barGap     = 10
	headHeight = 44
	footHeight = 34
)

// chart draws horizontal bars from 0 to most as an SVG that is readable on light
// and on dark ground, with grid lines at quarters.
func chart(title string, bars []bar, most float64, scale func(v float64) string) string {
	height := headHeight + len(bars)*(barHeight+barGap) + footHeight
	plot := float64(chartWidth - labelWidth - 60)
	var s strings.Builder
	fmt.Fprintf(&s, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="%s">`+"\n",
		chartWidth, height, chartWidth, height, escape(title))
	s.WriteString(chartStyle)
	fmt.Fprintf(&s, `<text class="title" x="0" y="20">%s</text>`+"\n", escape(title))
	bottom := height - footHeight
	for i := range 5 {
		v := most * float64(i) / 4
		x := labelWidth + plot*float64(i)/4
		fmt.Fprintf(&s, `<line class="grid" x1="%.1f" y1="%d" x2="%.1f" y2="%d"/>`+"\n", x, headHeight-6, x, bottom)
		fmt.Fprintf(&s, `<text class="scale" x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n", x, bottom+18, escape(scale(v)))
	}
	for i, b := range bars {
		y, class := headHeight+i*(barHeight+barGap), "other"
		if b.ours {
			class = "ours"
		}
		length := plot * min(max(b.value/most, 0), 1)
		fmt.Fprintf(&s, `<text x="%d" y="%d" text-anchor="end">%s</text>`+"\n", labelWidth-10, y+barHeight-6, escape(b.label))
		fmt.Fprintf(&s, `<rect class="%s" x="%d" y="%d" width="%.1f" height="%d" rx="3"/>`+"\n", class, labelWidth, y, length, barHeight)
		fmt.Fprintf(&s, `<text x="%.1f" y="%d">%s</text>`+"\n", labelWidth+length+8, y+barHeight-6, escape(scale(b.value)))
	}
	s.WriteString("</svg>\n")
	return s.String()
}

const chartStyle = `<style>
text { font: 13px system-ui, sans-serif; fill: #24292f; }
.title { font-size: 15px; font-weight: 600; }
.scale { font-size: 12px; fill: #57606a; }
.grid { stroke: #8c959f; stroke-opacity: .35; }
.ours { fill: #1f6feb; }
.other { fill: #8c959f; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; }
.scale { fill: #9da7b3; }
.ours { fill: #58a6ff; }
.other { fill: #6e7681; }
}
</style>
`

func escape(text string) string {
	var s strings.Builder
	_ = xml.EscapeText(&s, []byte(text)) // a strings.Builder does not fail
	return s.String()
}

// lineChart shows what each design makes of the shaped line.
func lineChart(all results) string {
	var bars []bar
	for _, b := range []struct {
		row, name string
		ours      bool
	}{
		{"line", largeFiles, true}, {"designs", batchedLarge, false}, {"designs", chunkedLarge, false},
		{"line", smallPhotos, true}, {"designs", batchedSmall, false}, {"designs", chunkedSmall, false},
	} {
		if m, ok := all[b.row]; ok {
			bars = append(bars, bar{b.name, m.middle(b.name, unitShare), b.ours})
		}
	}
	percent := func(v float64) string { return fmt.Sprintf("%.0f %%", 100*v) }
	return chart("Share of a line of 25 MB/s each way, round trip 50 ms", bars, 1, percent)
}
