package resumable

import (
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
)

// once returns a script that answers the first command of a name with a status.
func once(command string, status int) func(int, string, http.ResponseWriter, *http.Request) bool {
	return times(1, command, status)
}

func times(n int, command string, status int) func(int, string, http.ResponseWriter, *http.Request) bool {
	return func(_ int, got string, w http.ResponseWriter, _ *http.Request) bool {
		if got != command || n == 0 {
			return false
		}
		n--
		w.WriteHeader(status)
		return true
	}
}

// TestSessionsAreNotGivenUpAtOneAnswer: a segment or a query that is answered as
// dead sessions are costs a question, not the bytes of the session.
func TestSessionsAreNotGivenUpAtOneAnswer(t *testing.T) {
	for _, status := range []int{404, 410, 499} {
		for _, tc := range []struct {
			name   string
			before func(int, string, http.ResponseWriter, *http.Request) bool
			want   string
		}{
			{"a segment", once("upload", status), "start upload query upload upload upload,finalize"},
			{"the last segment", once("upload,finalize", status), "start upload upload upload,finalize query upload,finalize"},
		} {
			t.Run(http.StatusText(status)+" to "+tc.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s, m := newStrictServer(1000), &memory{data: content(5000)}
					s.before = tc.before
					res, err := uploader(s, 2000).Upload(t.Context(), Job{Media: Media{Size: 5000}, Open: m.open})
					if err != nil {
						t.Fatal(err)
					}
					whole(t, s, res, m.data)
					if s.commands() != tc.want {
						t.Errorf("commands %q, want %q", s.commands(), tc.want)
					}
				})
			})
		}
	}
}

func TestQueriesAreAskedTwiceBeforeASessionIsGivenUp(t *testing.T) {
	for _, status := range []int{400, 404, 410, 499} {
		synctest.Test(t, func(t *testing.T) {
			s, m := newStrictServer(1000), &memory{data: content(5000)}
			s.sessions["old"] = &serverSession{size: 5000, held: slices.Clone(m.data[:4000])}
			s.before = once("query", status)
			res, err := uploader(s, 2000).Upload(t.Context(), Job{Media: Media{Size: 5000}, Open: m.open,
				From: &Checkpoint{Session: Session{s.base + "?upload_id=old", 1000}, Size: 5000, HashState: hashed(nil)}})
			if err != nil {
				t.Fatal(err)
			}
			whole(t, s, res, m.data)
			if want := "query query upload,finalize"; s.commands() != want {
				t.Errorf("after %d: commands %q, want %q", status, s.commands(), want)
			}
		})
	}
}

// TestSessionThatTakesNoBytes: a server that knows a session and refuses its
// segments all the same gets a new one.
func TestSessionThatTakesNoBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, m := newStrictServer(1000), &memory{data: content(5000)}
		s.before = times(2, "upload", 404)
		res, err := uploader(s, 2000).Upload(t.Context(), Job{Media: Media{Size: 5000}, Open: m.open})
		if err != nil {
			t.Fatal(err)
		}
		whole(t, s, res, m.data)
		if want := "start upload query upload start upload upload upload,finalize"; s.commands() != want {
			t.Errorf("commands %q, want %q", s.commands(), want)
		}
	})
}

// unlabelled drops the session status from answers to some commands.
type unlabelled struct {
	*strictServer
	commands []string
	client   http.RoundTripper
}

func (u unlabelled) RoundTrip(r *http.Request) (*http.Response, error) {
	command := r.Header.Get("X-Goog-Upload-Command")
	resp, err := u.client.RoundTrip(r)
	if err == nil && slices.Contains(u.commands, command) {
		resp.Header.Del("X-Goog-Upload-Status")
	}
	return resp, err
}

// TestAnswersWithoutAStatus: what an answer says otherwise is enough, and no byte
// is sent again.
func TestAnswersWithoutAStatus(t *testing.T) {
	for _, commands := range [][]string{{"upload"}, {"upload, finalize"}, {"query"}, {"upload", "upload, finalize", "query"}} {
		synctest.Test(t, func(t *testing.T) {
			s, m := newStrictServer(1000), &memory{data: content(5000)}
			u := uploader(s, 2000)
			u.Protocol = &XGoogUpload{URL: s.base, Client: &http.Client{Transport: unlabelled{s, commands, s}}}
			res, err := u.Upload(t.Context(), Job{Media: Media{Size: 5000}, Open: m.open})
			if err != nil {
				t.Fatalf("without status to %q: %v after %s", commands, err, s.commands())
			}
			whole(t, s, res, m.data)
			if s.got != 5000 {
				t.Errorf("without status to %q: %d bytes sent, want 5000", commands, s.got)
			}
		})
	}
}

// hashed returns the state of a digest of data.
func hashed(data []byte) []byte {
	d := newDigest(SHA256, nil)
	d.write(data, 0)
	state, _ := d.state()
	return state
}
