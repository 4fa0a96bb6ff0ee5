package resumable

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

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
