package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const (
	unitOfPut = "of the bare PUT's rate"
	barePut   = "bare PUT of net/http, 4 GiB"
	wholeFile = "resumable, 4 GiB, chunks by default"
	gib       = 1 << 30
)

// uploadsRow compares package resumable with a bare PUT, and with
// google-resumable-media where an interpreter has it. The server discards what it
// gets.
var uploadsRow = row{
	name:    "uploads",
	title:   "uploads by package resumable: 4 GiB against a bare PUT of the same reader; peak memory of 1 GiB in chunks of 8 MiB",
	target:  "≥ 0.95 of its throughput; ≤ 64 MiB",
	measure: measureUploads,
	judge:   judgeUploads,
}

func judgeUploads(s series) (measured string, met bool) {
	// Of each the best round: what else the machine does slows one or the other.
	rate, peak := s.best(wholeFile, unitRate)/s.best(barePut, unitRate), s.most(unitPeak)
	return fmt.Sprintf("%.2f; %.0f MiB", rate, peak), rate >= 0.95 && 0 < peak && peak <= 64
}

func measureUploads(ctx context.Context, b *bench, s *series) error {
	d, err := newDrain()
	if err != nil {
		return err
	}
	return errors.Join(b.uploadRates(ctx, d, s), b.uploadPeaks(ctx, d, s), b.uploadChunks(ctx, d, s), d.close())
}

// uploadRates uploads 4 GiB in turns.
func (b *bench) uploadRates(ctx context.Context, d *drain, s *series) error {
	for range b.rounds {
		for _, c := range []struct {
			name string
			args []string
		}{
			{barePut, []string{"-kind", "put"}},
			{wholeFile, nil},
			{"resumable, 4 GiB, one chunk", []string{"-chunk", "-1"}},
			{"resumable, 4 GiB, chunks of 8 MiB", []string{"-chunk", fmt.Sprint(8 << 20)}},
			{"resumable, 4 GiB, CRC32C", []string{"-checksum", "crc32c"}},
			{"resumable, 4 GiB, MD5", []string{"-checksum", "md5"}},
		} {
			used, err := b.uploaded(ctx, d.url(0), 4*gib, c.args...)
			if err != nil {
				return err
			}
			s.addCost(c.name, used, 4*gib)
			if c.name != barePut {
				s.ratio(c.name, barePut, unitRate, unitOfPut)
			}
		}
	}
	return nil
}

// uploadPeaks takes the memory of 1 GiB in chunks of 8 MiB, of each kind.
func (b *bench) uploadPeaks(ctx context.Context, d *drain, s *series) error {
	for name, args := range map[string][]string{
		"resumable, 1 GiB":               nil,
		"resumable, 1 GiB, unknown size": {"-unknown"},
		"multipart, 1 GiB":               {"-kind", "multipart"},
	} {
		used, err := b.uploaded(ctx, d.url(0), gib, append(args, "-chunk", fmt.Sprint(8<<20))...)
		if err != nil {
			return err
		}
		s.addPeak(name, used)
	}
	return nil
}

// uploadChunks compares chunk sizes, with and without a round trip of 50 ms, and
// with google-resumable-media if there is an interpreter for it.
func (b *bench) uploadChunks(ctx context.Context, d *drain, s *series) error {
	for _, c := range []struct {
		name        string
		chunk, size int64
	}{{"256 KiB", 256 << 10, 64 << 20}, {"8 MiB", 8 << 20, 256 << 20}, {"64 MiB", 64 << 20, 256 << 20}} {
		for _, trip := range []time.Duration{0, 50 * time.Millisecond} {
			title := fmt.Sprintf("chunks of %s, round trip %d ms", c.name, trip.Milliseconds())
			used, err := b.uploaded(ctx, d.url(trip), c.size, "-chunk", fmt.Sprint(c.chunk))
			if err != nil {
				return err
			}
			s.addCost(title, used, c.size)
			if b.python == "" {
				continue
			}
			script := filepath.Join(b.root, "bench", "uploads.py")
			used, _, err = measure(exec.CommandContext(ctx, b.python, script, d.url(trip), fmt.Sprint(c.size), fmt.Sprint(c.chunk)))
			if err != nil {
				return err
			}
			s.addCost(title+", google-resumable-media", used, c.size)
		}
	}
	return nil
}

// uploaded runs one upload in a process of its own.
func (b *bench) uploaded(ctx context.Context, url string, size int64, args ...string) (cost, error) {
	used, _, err := measure(exec.CommandContext(ctx, b.upload, append([]string{"-url", url, "-size", fmt.Sprint(size)}, args...)...))
	return used, err
}

// drain is a server of the media upload protocol that keeps nothing. It waits for
// a round trip before each answer.
type drain struct {
	server   *http.Server
	listener net.Listener
}

func newDrain() (*drain, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	d := &drain{listener: l}
	d.server = &http.Server{Handler: d}
	go d.server.Serve(l)
	return d, nil
}

func (d *drain) close() error { return d.server.Close() }

// url is that of an upload whose answers take a round trip.
func (d *drain) url(trip time.Duration) string {
	return fmt.Sprintf("http://%s/o?trip=%s", d.listener.Addr(), trip)
}

func (d *drain) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// Without a ReadFrom, which has a buffer of 8 KiB.
	_, _ = io.CopyBuffer(struct{ io.Writer }{io.Discard}, r.Body, make([]byte, 256<<10))
	if trip, err := time.ParseDuration(r.URL.Query().Get("trip")); err == nil {
		time.Sleep(trip)
	}
	var first, last, total int64
	span := r.Header.Get("Content-Range")
	switch fields, _ := fmt.Sscanf(span, "bytes %d-%d/%d", &first, &last, &total); {
	case r.Method == http.MethodPost && strings.HasPrefix(r.Header.Get("Content-Type"), "application/json"):
		w.Header().Set("Location", "http://"+r.Host+r.URL.String())
	case span == "", fields == 3 && last+1 == total, strings.HasPrefix(span, "bytes */"): // complete
	default:
		w.Header().Set("Range", fmt.Sprintf("bytes=0-%d", last))
		w.WriteHeader(http.StatusPermanentRedirect)
	}
}
