package resumable

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"
)

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
			u.Retry.Attempts = 30
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
		d := newDigest(SHA256, nil)
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
	seen := newDigest(SHA256, nil)
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
