package resumable

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

func content(n int64) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{1})
	r.Read(b)
	return b
}

func hexSum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

// memory is a source whose connections yield at most cut bytes and then drop.
type memory struct {
	data  []byte
	cuts  []int64 // of successive connections; then none
	opens []int64 // offsets
}

func (m *memory) open(_ context.Context, offset int64) (io.ReadCloser, error) {
	m.opens = append(m.opens, offset)
	rest := m.data[offset:]
	if len(m.cuts) > 0 {
		cut := m.cuts[0]
		m.cuts = m.cuts[1:]
		if cut < int64(len(rest)) {
			return io.NopCloser(io.MultiReader(bytes.NewReader(rest[:cut]), brokenReader{})), nil
		}
	}
	return io.NopCloser(bytes.NewReader(rest)), nil
}

func uploader(s *strictServer, segment int64) *Uploader {
	return &Uploader{
		Protocol: &XGoogUpload{URL: s.base, Client: s.client()},
		RawLimit: -1,
		Sizing:   Sizing{First: segment, Min: segment, Max: segment},
	}
}

// whole checks that the server holds exactly data under the result's token.
func whole(t interface {
	Helper()
	Errorf(string, ...any)
}, s *strictServer, res Result, data []byte) {
	t.Helper()
	if !bytes.Equal(s.uploads[res.Token], data) {
		t.Errorf("server holds %d bytes that are not the %d of the source", len(s.uploads[res.Token]), len(data))
	}
	if res.SHA256 != hexSum(data) {
		t.Errorf("SHA256 = %q, want %q", res.SHA256, hexSum(data))
	}
}

func TestUploadSegments(t *testing.T) {
	const unit = 1000
	for _, tc := range []struct {
		name    string
		size    int64
		segment int64
		want    string
	}{
		{"one", 1500, 2000, "start upload,finalize"},
		{"exactly one", 2000, 2000, "start upload,finalize"},
		{"exactly two", 4000, 2000, "start upload upload,finalize"},
		{"and a rest", 4001, 2000, "start upload upload upload,finalize"},
		{"segment below unit", 2500, 10, "start upload upload upload,finalize"},
		{"segment rounded down", 5000, 2999, "start upload upload upload,finalize"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, m := newStrictServer(unit), &memory{data: content(tc.size)}
			var saved []Checkpoint
			res, err := uploader(s, tc.segment).Upload(t.Context(), Job{
				Media: Media{Size: tc.size},
				Open:  m.open,
				Save:  func(_ context.Context, c Checkpoint) error { saved = append(saved, c); return nil },
			})
			if err != nil {
				t.Fatal(err)
			}
			whole(t, s, res, m.data)
			if got := s.commands(); got != tc.want {
				t.Errorf("commands %q, want %q", got, tc.want)
			}
			if len(m.opens) != 1 {
				t.Errorf("source opened at %v, want once", m.opens)
			}
			if len(saved) != len(s.log)-1 || saved[0].Confirmed != 0 || saved[0].Session.URL == "" {
				t.Errorf("%d checkpoints for %q", len(saved), s.commands())
			}
		})
	}
}

func TestUploadRaw(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, m := newStrictServer(1000), &memory{data: content(3000)}
		s.cut = func(n int, _ string) int64 {
			if n == 1 {
				return 1200
			}
			return -1
		}
		u := uploader(s, 1000)
		u.RawLimit = 0 // the default
		var sent, resent int64
		res, err := u.Upload(t.Context(), Job{
			Media:  Media{Size: 3000},
			Open:   m.open,
			Sent:   func(n int64) { sent += n },
			Resent: func(n int64) { resent += n },
		})
		if err != nil {
			t.Fatal(err)
		}
		whole(t, s, res, m.data)
		if got := s.commands(); got != "raw raw" {
			t.Errorf("commands %q", got)
		}
		if sent-resent != 3000 || resent < 1200 {
			t.Errorf("sent %d, of it again %d", sent, resent)
		}
	})
}

// Whatever drops on either side, the server ends with exactly the bytes.
func TestUploadSurvivesCuts(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		unit := rapid.Int64Range(1, 700).Draw(rt, "unit")
		size := rapid.Int64Range(1, 20_000).Draw(rt, "size")
		segment := rapid.Int64Range(1, 9000).Draw(rt, "segment")
		sourceCuts := rapid.SliceOfN(rapid.Int64Range(0, 6000), 0, 4).Draw(rt, "source cuts")
		lineCuts := rapid.SliceOfN(rapid.Int64Range(-1, 8000), 0, 8).Draw(rt, "line cuts")
		lost := rapid.SliceOfN(rapid.IntRange(1, 12), 0, 2).Draw(rt, "lost answers")
		kill := rapid.IntRange(0, 6).Draw(rt, "kill at save")
		synctest.Test(t, func(t *testing.T) {
			s, m := newStrictServer(unit), &memory{data: content(size), cuts: sourceCuts}
			s.cut = func(n int, _ string) int64 {
				if n < len(lineCuts) {
					return lineCuts[n]
				}
				return -1
			}
			s.after = func(n int, _ string) bool { return slices.Contains(lost, n) }
			u := uploader(s, max(segment, unit, size/200))
			u.Attempts = 30
			var sent, resent int64
			var last *Checkpoint
			job := Job{Media: Media{Size: size}, Open: m.open,
				Sent: func(n int64) { sent += n }, Resent: func(n int64) { resent += n }}
			killed := errors.New("killed")
			saves := 0
			job.Save = func(_ context.Context, c Checkpoint) error {
				last = &c
				if saves++; saves == kill {
					return killed
				}
				return nil
			}
			res, err := u.Upload(t.Context(), job)
			for tries := 0; tries < 3 && (errors.Is(err, killed) || errors.Is(err, ErrFinal)); tries++ {
				job.From, job.SentBefore = last, sent-resent // as the caller does in its next pass or run
				res, err = u.Upload(t.Context(), job)
			}
			if err != nil {
				rt.Fatalf("Upload: %v after %s", err, s.commands())
			}
			whole(rt, s, res, m.data)
			if sent-resent != size {
				rt.Errorf("sent %d, again %d, of %d", sent, resent, size)
			}
		})
	})
}

func TestUploadResumesElsewhere(t *testing.T) {
	const size, unit = 10_000, 1000
	data := content(size)
	hashOf := func(n int64) []byte {
		d := newDigest()
		d.write(data[:n], 0)
		state, _ := d.state()
		return state
	}
	for _, tc := range []struct {
		name      string
		held      int64 // by the server
		confirmed int64
		hashAt    int64
		unknown   bool
		opens     []int64
		got       int64 // bytes that go over the line
	}{
		{"as left", 4000, 4000, 4000, false, []int64{4000}, 6000},
		{"server kept more", 6000, 4000, 4000, false, []int64{4000}, 4000},
		{"hash ahead", 4000, 4000, 5500, false, []int64{4000}, 6000},
		{"server lost some", 2000, 4000, 4000, false, []int64{2000}, 8000},
		{"no hash", 4000, 4000, 0, true, []int64{4000}, 6000},
		{"nothing kept", 0, 0, 0, false, []int64{0}, 10_000},
		{"killed in the first segment", 1000, 0, 0, false, []int64{0}, 9000},
		{"all kept but not finished", 10_000, 4000, 10_000, false, nil, 0},
		{"all kept, hash behind", 10_000, 4000, 4000, false, []int64{4000}, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, m := newStrictServer(unit), &memory{data: data}
			s.sessions["old"] = &serverSession{size: size, held: slices.Clone(data[:tc.held])}
			from := &Checkpoint{
				Session: Session{URL: s.base + "?upload_id=old", Granularity: unit},
				Size:    size, Confirmed: tc.confirmed, HashAt: tc.hashAt,
			}
			if !tc.unknown {
				from.HashState = hashOf(tc.hashAt)
			}
			res, err := uploader(s, 2000).Upload(t.Context(), Job{Media: Media{Size: size}, Open: m.open, From: from})
			if err != nil {
				t.Fatal(err)
			}
			if tc.unknown {
				if res.SHA256 != "" {
					t.Errorf("SHA256 = %q of bytes that did not all pass", res.SHA256)
				}
				res.SHA256 = hexSum(data)
			}
			whole(t, s, res, data)
			if !slices.Equal(m.opens, tc.opens) || s.got != tc.got {
				t.Errorf("source opened at %v, %d bytes sent; want %v, %d", m.opens, s.got, tc.opens, tc.got)
			}
		})
	}
}

func TestUploadFinishedByAKilledProcess(t *testing.T) {
	const size = 10_000
	data := content(size)
	seen := newDigest()
	seen.write(data[:4000], 0)
	state, at := seen.state()
	for name, source := range map[string][]byte{"source there": data, "source gone": nil} {
		t.Run(name, func(t *testing.T) {
			s := newStrictServer(1000)
			token := s.keep(data)
			s.before = func(_ int, _ string, w http.ResponseWriter, _ *http.Request) bool {
				w.Header().Set("X-Goog-Upload-Status", "final")
				io.WriteString(w, token)
				return true
			}
			open := func(_ context.Context, offset int64) (io.ReadCloser, error) {
				if source == nil {
					return nil, errors.New("gone")
				}
				return io.NopCloser(bytes.NewReader(source[offset:])), nil
			}
			judge := func(error) Verdict { return Verdict{} }
			from := &Checkpoint{
				Session: Session{URL: s.base + "?upload_id=old", Granularity: 1000},
				Size:    size, Confirmed: 4000, HashAt: at, HashState: state,
			}
			res, err := uploader(s, 2000).Upload(t.Context(), Job{Media: Media{Size: size}, Open: open, From: from, Judge: judge})
			if err != nil || s.commands() != "query" {
				t.Fatalf("%v after %s", err, s.commands())
			}
			if source == nil && res.SHA256 == "" {
				res.SHA256 = hexSum(data)
			}
			whole(t, s, res, data)
		})
	}
}

func TestUploadStartsOver(t *testing.T) {
	data := content(5000)
	for _, tc := range []struct {
		name string
		set  func(*strictServer)
		want string
	}{
		{"session unknown", func(*strictServer) {}, "query start upload upload upload,finalize"},
		{"session finished", func(s *strictServer) {
			s.sessions["old"] = &serverSession{size: 5000, held: data, final: true}
		}, "query start upload upload upload,finalize"},
		{"session cancelled", func(s *strictServer) {
			s.before = func(n int, _ string, w http.ResponseWriter, _ *http.Request) bool {
				w.Header().Set("X-Goog-Upload-Status", "Canceled")
				return n == 1
			}
		}, "query start upload upload upload,finalize"},
		{"last answer lost", func(s *strictServer) {
			s.sessions["old"] = &serverSession{size: 5000, held: slices.Clone(data[:4000])}
			s.after = func(n int, _ string) bool { return n == 2 }
		}, "query upload,finalize query start upload upload upload,finalize"},
		{"more than there is", func(s *strictServer) {
			s.sessions["old"] = &serverSession{size: 5000, held: content(6000)}
		}, "query start upload upload upload,finalize"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, m := newStrictServer(1000), &memory{data: data}
				tc.set(s)
				var resent int64
				res, err := uploader(s, 2000).Upload(t.Context(), Job{
					Media: Media{Size: 5000}, Open: m.open,
					From:   &Checkpoint{Session: Session{s.base + "?upload_id=old", 1000}, Size: 5000, Confirmed: 3000},
					Resent: func(n int64) { resent += n },
				})
				if err != nil {
					t.Fatal(err)
				}
				whole(t, s, res, data)
				if s.commands() != tc.want {
					t.Errorf("commands %q, want %q", s.commands(), tc.want)
				}
				if resent < 3000 {
					t.Errorf("resent %d bytes, want at least the 3000 of the lost session", resent)
				}
			})
		})
	}
}

func TestUploadEnds(t *testing.T) {
	permanent := errors.New("item is gone")
	for _, tc := range []struct {
		name  string
		set   func(*strictServer, *Job)
		check func(error) bool
		took  time.Duration // at most
	}{
		{"source gone for good", func(_ *strictServer, j *Job) {
			j.Open = func(context.Context, int64) (io.ReadCloser, error) { return nil, permanent }
			j.Judge = func(err error) Verdict { return Verdict{Retry: !errors.Is(err, permanent)} }
		}, func(err error) bool {
			_, ok := errors.AsType[*SourceError](err)
			return ok && errors.Is(err, permanent)
		}, 0},
		{"source dies in a segment", func(_ *strictServer, j *Job) {
			j.Open = func(context.Context, int64) (io.ReadCloser, error) {
				return io.NopCloser(io.MultiReader(bytes.NewReader(make([]byte, 10)), failing{permanent})), nil
			}
			j.Judge = func(err error) Verdict { return Verdict{Retry: !errors.Is(err, permanent)} }
		}, func(err error) bool {
			_, ok := errors.AsType[*SourceError](err)
			return ok && errors.Is(err, permanent)
		}, 0},
		{"too large", func(s *strictServer, _ *Job) {
			s.before = answering(413, `{"code":3,"message":"The request exceeded the max file size limit of 20 GB."}`, "upload")
		}, isStatus(413), 0},
		{"refused twice at one offset", func(s *strictServer, _ *Job) {
			s.before = answering(400, `{"code":3,"message":"no"}`, "upload")
		}, isStatus(400), 2 * time.Second},
		{"down for long", func(s *strictServer, _ *Job) {
			s.before = answering(503, "", "upload")
		}, isStatus(503), 4 * time.Minute},
		{"checkpoint cannot be saved", func(_ *strictServer, j *Job) {
			j.Save = func(context.Context, Checkpoint) error { return permanent }
		}, func(err error) bool { return errors.Is(err, permanent) }, 0},
		{"stalled in the source", func(_ *strictServer, j *Job) {
			j.Open = func(ctx context.Context, _ int64) (io.ReadCloser, error) { return hanging{ctx}, nil }
		}, func(err error) bool {
			_, ok := errors.AsType[*SourceError](err)
			return ok && errors.Is(err, ErrStalled)
		}, 20 * time.Minute},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, m := newStrictServer(1000), &memory{data: content(5000)}
				job := Job{Media: Media{Size: 5000}, Open: m.open}
				tc.set(s, &job)
				began := time.Now()
				_, err := uploader(s, 2000).Upload(t.Context(), job)
				if err == nil || !tc.check(err) {
					t.Errorf("Upload = %v (%T)", err, err)
				}
				if took := time.Since(began); took > tc.took {
					t.Errorf("took %v, want at most %v", took, tc.took)
				}
			})
		})
	}
}

func isStatus(code int) func(error) bool {
	return func(err error) bool {
		e, ok := errors.AsType[*StatusError](err)
		return ok && e.HTTP == code
	}
}

func answering(code int, body, to string) func(int, string, http.ResponseWriter, *http.Request) bool {
	return func(_ int, command string, w http.ResponseWriter, r *http.Request) bool {
		if command != to {
			return false
		}
		io.Copy(io.Discard, r.Body)
		w.WriteHeader(code)
		io.WriteString(w, body)
		return true
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

type hanging struct{ ctx context.Context }

func (h hanging) Read([]byte) (int, error) { <-h.ctx.Done(); return 0, h.ctx.Err() }
func (hanging) Close() error               { return nil }

func TestUploadStopsWithContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stop := errors.New("asked to stop")
		ctx, cancel := context.WithCancelCause(t.Context())
		s, m := newStrictServer(1000), &memory{data: content(5000)}
		s.before = answering(503, "", "upload")
		time.AfterFunc(10*time.Second, func() { cancel(stop) })
		var waits int
		u := uploader(s, 2000)
		u.OnWait = func(reason error, until time.Time) {
			waits++
			if reason == nil || !until.After(time.Now()) {
				t.Errorf("told to wait for %v until %v", reason, until)
			}
		}
		if _, err := u.Upload(ctx, Job{Media: Media{Size: 5000}, Open: m.open}); !errors.Is(err, stop) {
			t.Errorf("Upload = %v, want %v", err, stop)
		}
		if waits == 0 {
			t.Error("nobody was told of the wait")
		}
	})
}

func TestPlanner(t *testing.T) {
	p := newPlanner(Sizing{}.withDefaults())
	const unit = 256 << 10
	if n := p.length(1<<40, unit); n != 16*mib {
		t.Errorf("first segment of %d bytes", n)
	}
	for range 10 { // 100 MB/s
		n := p.length(1<<50, unit)
		p.sent(n, time.Duration(float64(n)/100e6*float64(time.Second)))
	}
	if n := p.length(1<<50, unit); n != 1<<30 {
		t.Errorf("segment of %d bytes on a fast line, want the maximum", n)
	}
	for range 10 { // 1 MB/s
		n := p.length(1<<50, unit)
		p.sent(n, time.Duration(float64(n)/1e6*float64(time.Second)))
	}
	if n := p.length(1<<50, unit); n < 19e6 || n > 20e6 || n%unit != 0 {
		t.Errorf("segment of %d bytes at 1 MB/s, want 20 s worth", n)
	}
	for range 10 {
		p.failed()
	}
	if n := p.length(1<<50, unit); n != 8*mib {
		t.Errorf("segment of %d bytes on a bad line, want the minimum", n)
	}
}
