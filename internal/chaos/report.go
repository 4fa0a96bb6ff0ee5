package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// report prints what the kills cost.
func (r *result) report(w io.Writer, took time.Duration) {
	fmt.Fprintf(w, "\n%d kills in %d sessions, %v\n", len(r.kills), r.sessions, took.Round(time.Second))
	if len(r.kills) == 0 {
		return
	}
	fmt.Fprintf(w, "%d files, %s; received %s, %s of it again (%s in runs that were not killed)\n",
		r.files, mebibytes(r.bytes), mebibytes(r.sent), mebibytes(r.sent-r.bytes), mebibytes(r.rest))
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\tkills\tfree\tmean\tp50\tp90\tp99\tmax\tshare\tran for\t")
	line := func(name string, want func(kill) bool) { fmt.Fprint(table, r.line(name, want)) }
	for _, kind := range []string{"time", "requests", "bytes"} {
		line("killed by "+kind, func(k kill) bool { return k.at.kind == kind })
	}
	for _, kind := range []string{forgiving, answersOnce, takesOnce, strictest, disk} {
		line("service "+kind, func(k kill) bool { return k.service == kind })
	}
	line("all", func(kill) bool { return true })
	table.Flush()
	var again, untold int64
	for _, k := range r.kills {
		again, untold = again+k.again, untold+k.untold
	}
	fmt.Fprintf(w, "%s sent again after kills, %s of it in uploads that were finished and whose token was lost\n", mebibytes(again), mebibytes(untold))
	fmt.Fprintln(w, "KiB sent again per kill; free: kills after which nothing was; share: the most, of one segment for each file in flight")
}

// line returns what is sent again after some of the kills.
func (r *result) line(name string, want func(kill) bool) string {
	var costs []int64
	var sum, free int64
	var ran time.Duration
	share := 0.0
	for _, k := range r.kills {
		if !want(k) {
			continue
		}
		costs = append(costs, k.again)
		sum += k.again
		ran += k.took
		if k.again <= 0 {
			free++
		}
		share = max(share, float64(k.again)/float64(k.bound))
	}
	n := int64(len(costs))
	if n == 0 {
		return ""
	}
	slices.Sort(costs)
	rank := func(percent int64) int64 { return costs[min(percent*n/100, n-1)] / kib }
	return fmt.Sprintf("%s\t%d\t%d%%\t%d\t%d\t%d\t%d\t%d\t%.0f%%\t%v\t\n", name, n, 100*free/n, sum/n/kib,
		rank(50), rank(90), rank(99), rank(100), 100*share, (ran / time.Duration(n)).Round(time.Millisecond))
}

func mebibytes(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/mib) }
