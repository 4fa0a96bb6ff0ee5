package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/gondola-sync/gondola/state"
)

// campaign runs sessions until enough kills are reached.
type campaign struct {
	binary    string
	dir       string // for homes
	out       io.Writer
	seed      uint64
	kills     int // in all
	items     int // files in each session
	most      int // kills in each session
	parallel  int
	only      int    // number of the only session to run; 0 for all
	store     string // kind of store, see newStore
	pair      string // of stations
	transfers string
	line      int64 // bytes a second; 0: nothing lies between the command and the services

	mu     sync.Mutex // guards what follows
	begun  int
	result result
}

// result is what the sessions of a campaign came to.
type result struct {
	sessions, files int
	bytes           int64 // to be carried
	sent            int64
	kills           []kill
	rest            int64 // bytes sent again by runs that were not killed
}

// run ends with the first session that breaks the promise.
func (c *campaign) run(ctx context.Context) error {
	fmt.Fprintf(c.out, "seed %d: %s, %d kills, %d files in a session, kept in %s, %d sessions at a time, %s/%s with %d CPUs\n",
		c.seed, c.pair, c.kills, c.items, state.Redact(c.store), c.parallel, runtime.GOOS, runtime.GOARCH, runtime.NumCPU())
	began := time.Now()
	g, ctx := errgroup.WithContext(ctx)
	for range max(c.parallel, 1) {
		g.Go(func() error {
			for n := c.next(); n > 0; n = c.next() {
				if err := c.session(ctx, n); err != nil {
					return fmt.Errorf("session %d: %w\nto run it again: %s", n, err, c.again(n))
				}
			}
			return nil
		})
	}
	err := g.Wait()
	c.result.report(c.out, time.Since(began))
	return err
}

// next returns the number of the next session; 0 if there is to be none.
func (c *campaign) next() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.result.kills) >= c.kills || c.only > 0 && c.begun > 0 {
		return 0
	}
	c.begun++
	if c.only > 0 {
		return c.only
	}
	return c.begun
}

func (c *campaign) again(n int) string {
	return fmt.Sprintf("go run ./internal/chaos -seed %d -session %d -items %d -kills-per-session %d -state %s -transfers %s -line %d -pair %s",
		c.seed, n, c.items, c.most, state.Redact(c.store), c.transfers, c.line, c.pair)
}

func (c *campaign) session(ctx context.Context, n int) (err error) {
	home := filepath.Join(c.dir, fmt.Sprint(n))
	if err := os.Mkdir(home, 0o700); err != nil {
		return err
	}
	s, err := newSession(sessionOptions{
		binary: c.binary, home: home, pair: c.pair, store: c.store, transfers: c.transfers, line: c.line, items: c.items, most: c.most,
	}, rand.New(rand.NewPCG(c.seed, uint64(n))))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if err := s.run(ctx); err != nil {
		return fmt.Errorf("%w\nafter %d kills, the last at %v, of %s", err, len(s.kills), s.last(), strings.Join(s.args, " "))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.result.add(s)
	fmt.Fprintf(c.out, "session %3d: %2d kills, %d files, proved (%d kills in all)\n", n, len(s.kills), len(s.want), len(c.result.kills))
	return os.RemoveAll(home)
}

func (s *session) last() moment {
	if len(s.kills) == 0 {
		return moment{}
	}
	return s.kills[len(s.kills)-1].at
}

func (r *result) add(s *session) {
	r.sessions++
	r.files += len(s.want)
	r.bytes += s.total
	r.sent += s.sent
	r.kills = append(r.kills, s.kills...)
	r.rest += s.rest
}
