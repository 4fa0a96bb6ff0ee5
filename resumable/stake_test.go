package resumable

import (
	"context"
	"fmt"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// pipe is a protocol at the end of a line that all uploads share, in the time of
// a synctest bubble.
type pipe struct {
	rate  float64       // bytes a second
	trip  time.Duration // of one request, beside the bytes
	piece int           // bytes that pass in one turn

	mu    sync.Mutex // guards what follows
	free  time.Time  // when everything has left the line
	raws  int
	inRaw int64 // bytes in single requests now
	most  int64 // of them at once
	moved int64
}

func (p *pipe) carry(body io.Reader, n int64) error {
	buf := make([]byte, p.piece)
	for n > 0 {
		got, err := io.ReadFull(body, buf[:min(n, int64(len(buf)))])
		if err != nil {
			return err
		}
		n -= int64(got)
		p.mu.Lock()
		if now := time.Now(); p.free.Before(now) {
			p.free = now
		}
		p.free = p.free.Add(time.Duration(float64(got) / p.rate * 1e9))
		wait := time.Until(p.free)
		p.moved += int64(got)
		p.mu.Unlock()
		time.Sleep(wait)
	}
	return nil
}

func (p *pipe) Raw(_ context.Context, m Media, body io.Reader) (State, error) {
	p.mu.Lock()
	p.raws++
	p.inRaw += m.Size
	p.most = max(p.most, p.inRaw)
	p.mu.Unlock()
	err := p.carry(body, m.Size)
	time.Sleep(p.trip)
	p.mu.Lock()
	p.inRaw -= m.Size
	p.mu.Unlock()
	return State{Final: true, Result: "token"}, err
}

func (p *pipe) Start(context.Context, Media) (Session, error) {
	time.Sleep(p.trip)
	return Session{URL: "https://upload.test/1", Granularity: 1}, nil
}

func (p *pipe) Send(_ context.Context, _ Session, seg Segment) (State, error) {
	err := p.carry(seg.Body, seg.Length)
	time.Sleep(p.trip)
	return State{Final: seg.Last(), Confirmed: seg.Offset + seg.Length, Result: "token"}, err
}

func (p *pipe) Query(context.Context, Session) (State, error) { return State{}, ErrSessionLost }
func (p *pipe) Cancel(context.Context, Session) error         { return nil }

// upload carries files of one size, so many at once, and returns how long it
// took.
func (p *pipe) upload(t *testing.T, files, atOnce int, size int64) time.Duration {
	u := &Uploader{Protocol: p}
	began := time.Now()
	var all sync.WaitGroup
	turns := make(chan struct{}, atOnce)
	for range files {
		turns <- struct{}{}
		all.Go(func() {
			defer func() { <-turns }()
			_, err := u.Upload(t.Context(), Job{Media: Media{Size: size}, Open: func(context.Context, int64) (io.ReadCloser, error) { return zeros{}, nil }})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	return time.Since(began)
}

// TestSingleRequestsAreBoundedByTime: what a process that dies loses whole is two
// seconds of the line at most, however many files are in flight, and the line
// stays full.
func TestSingleRequestsAreBoundedByTime(t *testing.T) {
	for _, tc := range []struct {
		rate   float64
		size   int64
		atOnce int
		single float64 // least share of files that go in one request each
		share  float64 // least share of the line
	}{
		{0.2e6, 4 << 20, 8, 0, 0.97},
		{0.5e6, 2 << 20, 8, 0, 0.97},
		{0.5e6, 200 << 10, 8, 1, 0.94},
		{9e6, 5 << 20, 24, 0.1, 0.97},
		{25e6, 2 << 20, 16, 0.4, 0.95},
		{100e6, 5 << 20, 24, 0.35, 0.95},
		{1e9, 5 << 20, 24, 0.35, 0.4}, // round trips fill the time
	} {
		t.Run(fmt.Sprintf("%.1f MB a second, files of %d KiB", tc.rate/1e6, tc.size>>10), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const files = 200
				p := &pipe{rate: tc.rate, trip: 100 * time.Millisecond, piece: 64 << 10}
				took := p.upload(t, files, tc.atOnce, tc.size)
				if bound := max(1.1*mostStakeTime.Seconds()*tc.rate, float64(tc.atOnce)*defaultGranularity); float64(p.most) > bound {
					t.Errorf("%.1f MB at once in single requests, which the line takes %.1f s for", float64(p.most)/1e6, float64(p.most)/tc.rate)
				}
				if share := float64(p.raws) / files; share < tc.single {
					t.Errorf("%.0f %% of the files went in one request, want %.0f %%", 100*share, 100*tc.single)
				}
				if share := files * float64(tc.size) / took.Seconds() / tc.rate; share < tc.share {
					t.Errorf("%.3f of the line, want %.3f", share, tc.share)
				}
			})
		})
	}
}

// TestSingleRequestsAreAShareOfWhatArrived: a process that is killed again and
// again, before it knows its line, loses an eighth of what it moves.
func TestSingleRequestsAreAShareOfWhatArrived(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pipe{rate: 9e6, trip: 50 * time.Millisecond, piece: 64 << 10}
		p.upload(t, 20, 8, 4<<20)
		if most := int64(20 * 4 << 20 / stakeShare); p.most > most {
			t.Errorf("%d bytes in single requests, want at most %d", p.most, most)
		}
	})
}

// TestLineThatRestsIsNotSlow: time without an upload does not count.
func TestLineThatRestsIsNotSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s stake
		s.begin()
		time.Sleep(10 * time.Second)
		s.confirmed(100 << 20)
		s.end()
		before := s.room()
		time.Sleep(time.Hour)
		s.begin()
		if after := s.room(); after != before || before < 10<<20 {
			t.Errorf("room for %d bytes, after an hour at rest for %d", before, after)
		}
	})
}

// TestHashIsSavedByBytes: on a line so fast that no time passes, the hash on
// record never lags behind by more than 32 MiB.
func TestHashIsSavedByBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pipe{rate: 1e15, piece: 64 << 10}
		u := &Uploader{Protocol: p, Sizing: Sizing{First: 1 << 30}}
		const size = 300 << 20
		var last, lag int64
		_, err := u.Upload(t.Context(), Job{Media: Media{Size: size}, Open: func(context.Context, int64) (io.ReadCloser, error) { return zeros{}, nil },
			Save: func(_ context.Context, c Checkpoint) error {
				lag, last = max(lag, c.HashAt-last), c.HashAt
				return nil
			}})
		if lag = max(lag, size-last); err != nil || lag > saveEverySize+64<<10 {
			t.Errorf("the hash on record lags behind by up to %d bytes, want %d: %v", lag, saveEverySize, err)
		}
	})
}
