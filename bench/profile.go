package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strings"
	"time"

	"github.com/gondola-sync/gondola/internal/cli"
)

// profileRow carries one large file with profiles on: where does a gigabyte go?
var profileRow = row{
	name:    "profile",
	title:   "profiles of carrying one large file over loopback",
	measure: measureProfile,
}

// profileEnv names a directory; this program then is the command that is named
// by its arguments, and leaves its profiles there.
const profileEnv = "BENCH_PROFILE_DIR"

// profiled runs the command in this process.
func profiled(dir string, args []string) (code int, err error) {
	runtime.MemProfileRate = 4096 // bytes; a carry allocates little
	cpu, err := os.Create(filepath.Join(dir, "cpu"))
	if err != nil {
		return 1, err
	}
	if err := pprof.StartCPUProfile(cpu); err != nil {
		return 1, err
	}
	code = cli.Run(context.Background(), args, os.Stdin, os.Stdout, os.Stderr, os.Environ())
	pprof.StopCPUProfile()
	allocs, err := os.Create(filepath.Join(dir, "allocs"))
	if err != nil {
		return 1, err
	}
	return code, errors.Join(cpu.Close(), pprof.Lookup("allocs").WriteTo(allocs, 0), allocs.Close())
}

func measureProfile(ctx context.Context, b *bench, _ *series) error {
	const size = 3e9
	self, err := os.Executable()
	if err != nil {
		return err
	}
	c, err := newCloud(videos(1, size), nil)
	if err != nil {
		return err
	}
	home, err := os.MkdirTemp(b.dir, "home-")
	if err != nil {
		return errors.Join(err, c.close())
	}
	env, err := c.environ(home)
	if err != nil {
		return errors.Join(err, c.close())
	}
	cmd := exec.CommandContext(ctx, self, "sync", "--json")
	cmd.Dir, cmd.Env = home, append(env, profileEnv+"="+home)
	_, _, err = measure(cmd)
	if err := errors.Join(err, c.close()); err != nil {
		return err
	}
	page := fmt.Sprintf("# Where a gigabyte goes\n\nProfiles of `gondola sync` while it carries one file of %d GB over loopback, made by `go run ./bench -only profile` at %s, %s, %s, %s.\n",
		int64(size/1e9), b.revision, time.Now().Format(time.DateOnly), runtime.Version(), machine())
	for _, p := range []struct {
		title, file string
		args        []string
	}{
		{"CPU, by function", "cpu", []string{"-top", "-nodecount=35"}},
		{"CPU, by function with what it calls", "cpu", []string{"-top", "-cum", "-nodecount=45"}},
		{"Allocated bytes", "allocs", []string{"-top", "-sample_index=alloc_space", "-nodecount=35"}},
	} {
		out, err := exec.CommandContext(ctx, "go", append(append([]string{"tool", "pprof"}, p.args...), self, filepath.Join(home, p.file))...).Output()
		if err != nil {
			return fmt.Errorf("go tool pprof: %w", err)
		}
		page += fmt.Sprintf("\n## %s\n\n```\n%s\n```\n", p.title, figuresOnly(string(out)))
	}
	fmt.Fprint(b.out, page)
	if b.dry {
		return nil
	}
	dir := filepath.Join(b.root, "docs", "profiles")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "carry.md"), []byte(page), 0o644)
}

// figuresOnly leaves out the lines of a profile that tell of this machine's
// files.
func figuresOnly(profile string) string {
	var kept []string
	for line := range strings.Lines(profile) {
		if name, _, _ := strings.Cut(line, ":"); name == "File" || name == "Build ID" || name == "Time" {
			continue
		}
		kept = append(kept, strings.TrimRight(line, " \n"))
	}
	return strings.TrimSpace(strings.Join(kept, "\n"))
}
