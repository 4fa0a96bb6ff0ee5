package resumable

import (
	"context"
	"errors"
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
