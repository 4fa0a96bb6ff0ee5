package resumable

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
)

// TestResultsThatAreAlwaysLost: a server that never tells the result of a
// finished upload costs three times the object's bytes in the two uploads of a
// run, not more.
func TestResultsThatAreAlwaysLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, m := newStrictServer(1000), &memory{data: content(5000)}
		s.after = func(_ int, command string) bool { return command == "upload,finalize" }
		var last *Checkpoint
		job := Job{
			Media: Media{Size: 5000}, Open: m.open,
			Save: func(_ context.Context, c Checkpoint) error { last = &c; return nil },
		}
		for upload, want := range []int64{2 * 5000, 3 * 5000} {
			job.From = last
			if _, err := uploader(s, 2000).Upload(t.Context(), job); !errors.Is(err, ErrFinal) {
				t.Errorf("upload %d: %v, want ErrFinal", upload+1, err)
			}
			if s.got != want {
				t.Errorf("after upload %d: the server received %d bytes, want %d", upload+1, s.got, want)
			}
		}
	})
}

func TestUploadStartsOver(t *testing.T) {
	data := content(5000)
	for _, tc := range []struct {
		name string
		set  func(*strictServer)
		want string
	}{
		{"session unknown", func(*strictServer) {}, "query query start upload upload upload,finalize"},
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
