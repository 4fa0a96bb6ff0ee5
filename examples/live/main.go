// Live runs a transfer as a program of one's own would: it starts the run, prints
// live progress, pauses it half-way, halves the bandwidth limit and resumes.
//
//	go run ./examples/live -limit 16
//
// Both clouds are emulated in this process, so that it needs no account.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/bandwidth"
	"github.com/gondola-sync/gondola/progress"
	"github.com/gondola-sync/gondola/state"
)

func main() {
	limit := flag.Int("limit", 16, "limit of both legs, in MiB a second")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, *limit); err != nil {
		fmt.Fprintln(os.Stderr, "live:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, w io.Writer, limit int) error {
	out := log.New(w, "", 0) // which several goroutines may use
	clouds, err := open()
	if err != nil {
		return err
	}
	defer clouds.close()

	o := clouds.options()
	if o.Upload, o.Download, err = limiters(limit); err != nil {
		return err
	}
	o.Bus = new(progress.Bus) // of our own, so that no event is missed
	events := o.Bus.Subscribe(100, progress.Drop)
	printed := make(chan struct{})
	go func() {
		defer close(printed)
		printEvents(out, events)
	}()

	r, err := gondola.Start(ctx, o)
	if err != nil {
		return err
	}
	if err := steer(out, r, limit); err != nil {
		return err
	}
	summary, err := r.Wait()
	o.Bus.Close()
	<-printed
	if err != nil {
		return err
	}
	out.Printf("%s: %d items, %d bytes sent again", summary.Outcome, summary.Items.Outcomes[state.OutcomeCreated], summary.Moved.Resent)
	return nil
}

// steer prints the progress of a run, and halves its limit half-way.
func steer(out *log.Logger, r *gondola.Run, limit int) error {
	ticker := time.NewTicker(500 * time.Millisecond)
	defer ticker.Stop()
	for halved := false; ; {
		select {
		case <-r.Done():
			return nil
		case <-ticker.C:
		}
		p := r.Progress()
		out.Printf("%3d of %d items, %d of %d MiB, down %.1f up %.1f MiB/s, %v left, %d in flight",
			p.ItemsDone, p.ItemsTotal, p.BytesDone>>20, p.BytesTotal>>20, p.Down/(1<<20), p.Up/(1<<20), p.Left, len(p.InFlight))
		for _, t := range p.InFlight {
			out.Printf("      %-14s %5.1f MiB read, %5.1f of %.1f MiB sent", t.Name, mib(t.Read), mib(t.Done), mib(t.Size))
		}
		if !halved && p.BytesTotal > 0 && p.BytesDone > p.BytesTotal/2 {
			halved = true
			if err := halve(out, r, limit); err != nil {
				return err
			}
		}
	}
}

// halve pauses the run for a moment and lets it go on at half the limit.
func halve(out *log.Logger, r *gondola.Run, limit int) error {
	up, down, err := limiters(limit / 2)
	if err != nil {
		return err
	}
	r.Pause()
	time.Sleep(2 * time.Second)
	out.Printf("paused: %d in flight", len(r.Progress().InFlight))
	r.SetLimits(down, up)
	r.SetTransfers(2)
	r.Resume()
	out.Println("resumed at half the limit, two files at a time")
	return nil
}

// limiters return a limit of so many MiB a second for each leg.
func limiters(mib int) (up, down gondola.Limiter, err error) {
	table, err := bandwidth.Parse(fmt.Sprintf("%dM", mib))
	if err != nil {
		return nil, nil, err
	}
	up, down = table.Limiters()
	return up, down, nil
}

// printEvents prints what happens until the bus is closed.
func printEvents(out *log.Logger, events *progress.Subscription) {
	for e := range events.Events() {
		switch e := e.(type) {
		case progress.Stage:
			out.Printf("%s: %s", e.Stage, e.Status)
		case progress.Item:
			if e.Status == state.Failed {
				out.Printf("%s failed: %s", e.Name, e.Fault.Message)
			}
		case progress.Wait:
			out.Printf("waiting until %s: %s", e.Until.Format(time.TimeOnly), e.Reason)
		case progress.Dropped:
			out.Printf("(%d events were not printed)", e.Events)
		}
	}
}

func mib(bytes int64) float64 { return float64(bytes) / (1 << 20) }
