// Bench measures Gondola against what it could be, and writes what it found into
// docs/performance.md and docs/backends.md.
//
//	go run ./bench                   # everything, in its short form
//	go run ./bench -only carry,line  # some rows
//	go run ./bench -long             # 8 files of 20 GB, and a million items everywhere
//
// Each row measures Gondola and its yardstick in turns, in the same run, and
// prints their ratio, so that it says the same on another machine. What is
// measured runs in a process of its own; the emulated services and the simulated
// line run in this one. What was found stays in bench/results.json, from which
// the pages are made: a row that is measured again replaces only itself.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

func main() {
	if dir := os.Getenv(profileEnv); dir != "" {
		code, err := profiled(dir, os.Args[1:])
		if err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
		}
		os.Exit(code)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bench is one invocation.
type bench struct {
	out    io.Writer
	root   string // of the repository
	dir    string // for everything that does not stay
	rounds int
	long   bool
	dry    bool // results and pages stay as they are

	python     string // interpreter that has q2google or google-resumable-media
	collection collection

	gondola, pipe, design, upload string // binaries
	revision                      string // that they were built of
}

func run(ctx context.Context, args []string, out io.Writer) (err error) {
	b := &bench{out: out}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	only := flags.String("only", "", "`ROWS` to measure, with commas between: "+strings.Join(names(), ", "))
	flags.IntVar(&b.rounds, "rounds", 3, "how often each contender of a row has its turn")
	flags.BoolVar(&b.long, "long", false, "full sizes: 20 GB files, a million items")
	flags.BoolVar(&b.dry, "n", false, "measure, but leave results and pages as they are")
	flags.StringVar(&b.python, "python", "", "`INTERPRETER` for row q2google, with q2google 0.0.3, or row uploads, with google-resumable-media")
	flags.IntVar(&b.collection.photos, "photos", 60, "row q2google: photos of 2 MB")
	flags.IntVar(&b.collection.videos, "videos", 6, "row q2google: videos")
	flags.Int64Var(&b.collection.videoSize, "video-size", 50, "row q2google: `MB` of each video")
	render := flags.Bool("render", false, "measure nothing, only write the pages anew")
	if err := flags.Parse(args); err != nil {
		return err
	}
	chosen, err := choose(*only)
	if err != nil {
		return err
	}
	if b.root, err = repository(ctx); err != nil {
		return err
	}
	if *render {
		return b.render()
	}
	if b.dir, err = os.MkdirTemp("", "gondola-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(b.dir)) }()
	if err := b.build(ctx); err != nil {
		return err
	}
	for _, r := range chosen {
		if err := b.measureRow(ctx, r); err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
	}
	if b.dry {
		return nil
	}
	return b.render()
}

func (b *bench) measureRow(ctx context.Context, r row) error {
	fmt.Fprintf(b.out, "%s: %s\n", r.name, r.title)
	began := time.Now()
	var s series
	if err := r.measure(ctx, b, &s); err != nil {
		return err
	}
	if len(s.Figures) > 0 {
		fmt.Fprint(b.out, s.table())
	}
	if r.judge != nil {
		measured, met := r.judge(s)
		fmt.Fprintf(b.out, "target %s; measured %s; %s\n", r.target, measured, word(met))
	}
	fmt.Fprintf(b.out, "%s took %.0f s\n\n", r.name, time.Since(began).Seconds())
	if b.dry || len(s.Figures) == 0 {
		return nil
	}
	return b.keep(r.name, s)
}

// repository returns the root of the module.
func repository(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("go list: %w", err)
	}
	return strings.TrimSpace(string(out)), nil
}

// build makes the binaries as they are released: no cgo, no instrumentation, no
// tags.
func (b *bench) build(ctx context.Context) error {
	b.revision = b.commit(ctx)
	for _, p := range []struct {
		binary *string
		pkg    string
	}{{&b.gondola, "./cmd/gondola"}, {&b.pipe, "./bench/pipe"}, {&b.design, "./bench/design"}, {&b.upload, "./bench/upload"}} {
		*p.binary = filepath.Join(b.dir, filepath.Base(p.pkg))
		cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", *p.binary, p.pkg)
		cmd.Dir, cmd.Stderr = b.root, os.Stderr
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("build %s: %w", p.pkg, err)
		}
	}
	return nil
}

// progress prints what is being done, on a line of its own.
func (b *bench) progress(format string, values ...any) {
	fmt.Fprintf(b.out, "  "+format+"\n", values...)
}
