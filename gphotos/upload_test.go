package gphotos

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/resumable"
	"github.com/gondola-sync/gondola/station"
)

// small segments make short tests.
var small = resumable.Sizing{First: 2 * unit, Min: 2 * unit, Max: 2 * unit}

// filled returns n bytes of a video.
func filled(n int) []byte { return bytesOf(emulator.NewVideo(emulator.Shot{Seed: 7}, int64(n))) }

func opener(data []byte, version string) station.Opener {
	return func(_ context.Context, offset int64) (*station.Content, error) {
		return &station.Content{
			Body: io.NopCloser(bytes.NewReader(data[offset:])), Offset: offset, Size: int64(len(data)), Version: version,
		}, nil
	}
}

func video(size int64) media.Item {
	return media.Item{Name: "GX010048.MP4", Size: size, MIME: "video/mp4", Kind: media.Video}
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

const big = 6<<20 + 123 // beyond one raw request

func TestUpload(t *testing.T) {
	for _, tc := range []struct {
		name string
		size int
		want string
	}{
		{"small in one request", emulator.MinSample, "raw"},
		{"large in segments", big, "start upload upload upload upload upload upload upload upload upload upload upload upload upload,finalize"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, data := newService(t), filled(tc.size)
			d := s.destination(Options{Sizing: small})
			var saved []station.Checkpoint
			var sent int64
			receipt, err := d.Upload(t.Context(), station.Upload{
				Item: video(media.SizeUnknown), Open: opener(data, "v1"),
				Save: func(_ context.Context, c station.Checkpoint) error { saved = append(saved, c); return nil },
				Sent: func(n int64) { sent += n },
			})
			if err != nil {
				t.Fatal(err)
			}
			if receipt.SHA256 != sum(data) || receipt.Size != int64(tc.size) || sent != int64(tc.size) {
				t.Errorf("receipt %+v, sent %d, want all %d bytes", receipt, sent, tc.size)
			}
			if got := strings.Join(s.log, " "); got != tc.want {
				t.Errorf("requests %q, want %q", got, tc.want)
			}
			for i, c := range saved {
				if c.Account != "gphotos:me" || c.Version != "v1" || c.Size != big || c.Confirmed != int64(i*2*unit) {
					t.Errorf("checkpoint %d: account %q, version %q, %d of %d", i, c.Account, c.Version, c.Confirmed, c.Size)
				}
			}
			if d.Stale(receipt) {
				t.Error("fresh receipt is stale")
			}
			if got := d.Requests()["gphotos_upload"]; got != int64(len(s.log)) {
				t.Errorf("%d upload requests counted, %d seen", got, len(s.log))
			}
			s.wantHeld(d, receipt, data)
		})
	}
}

func TestUploadResumes(t *testing.T) {
	data := filled(big)
	stop := errors.New("killed")
	for _, tc := range []struct {
		name   string
		change func(*service, *station.Checkpoint)
		later  time.Duration
		starts int // sessions begun by the second run
	}{
		{"goes on", func(*service, *station.Checkpoint) {}, time.Hour, 0},
		{"other account", func(_ *service, c *station.Checkpoint) { c.Account = "gphotos:you" }, 0, 1},
		{"other bytes", func(_ *service, c *station.Checkpoint) { c.Version = "v0" }, 0, 1},
		{"other size", func(_ *service, c *station.Checkpoint) { c.Size++ }, 0, 1},
		{"too old", func(*service, *station.Checkpoint) {}, 157 * time.Hour, 1},
		{"foreign host", func(_ *service, c *station.Checkpoint) {
			c.Resume = []byte(`{"url": "https://evil.example/v1/uploads?upload_id=secret-session-1", "granularity": 262144}`)
		}, 0, 1},
		{"session unknown", func(s *service, _ *station.Checkpoint) { s.e.Google.DropUploads() }, 0, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newService(t)
				d := s.destination(Options{Sizing: small})
				var last station.Checkpoint
				order := station.Upload{Item: video(big), Open: opener(data, "v1")}
				order.Save = func(_ context.Context, c station.Checkpoint) error {
					last = c
					if c.Confirmed == 4*unit {
						return &fault.Error{Class: fault.Session, Err: stop}
					}
					return nil
				}
				if _, err := d.Upload(t.Context(), order); !errors.Is(err, stop) {
					t.Fatalf("Upload = %v, want %v", err, stop)
				}
				time.Sleep(tc.later)
				s.Invalidate(s.handedOut) // which has expired, too
				tc.change(s, &last)
				begun := s.count("start")
				order.From, order.Save = &last, nil
				var resent int64
				order.Resent = func(n int64) { resent += n }
				receipt, err := d.Upload(t.Context(), order)
				if err != nil {
					t.Fatal(err)
				}
				if receipt.SHA256 != sum(data) {
					t.Errorf("receipt %+v", receipt)
				}
				s.wantHeld(d, receipt, data)
				if got := s.count("start") - begun; got != tc.starts {
					t.Errorf("%d sessions begun, want %d", got, tc.starts)
				}
				if want := int64(tc.starts * 4 * unit); resent != want {
					t.Errorf("%d bytes sent again, want %d", resent, want)
				}
			})
		})
	}
}

func TestUploadRenewsToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, data := newService(t), filled(big)
		s.before = func(n int, route string, _ http.ResponseWriter, _ *http.Request) bool {
			if route == "upload" && n%4 == 0 { // expires now and then
				s.e.Google.ExpireAccessTokens()
			}
			return false
		}
		d := s.destination(Options{Sizing: small})
		receipt, err := d.Upload(t.Context(), station.Upload{Item: video(big), Open: opener(data, "")})
		if err != nil {
			t.Fatal(err)
		}
		if s.refreshed < 2 {
			t.Errorf("refreshed %d times", s.refreshed)
		}
		s.wantHeld(d, receipt, data)
	})
}

func TestUploadFails(t *testing.T) {
	data := filled(big)
	gone := &fault.Error{Class: fault.Item, Code: fault.Gone, Err: errors.New("no longer at the source")}
	for _, tc := range []struct {
		name  string
		set   func(*service, *station.Upload)
		class fault.Class
		code  string
	}{
		{"too large for the service", func(s *service, _ *station.Upload) {
			s.before = func(_ int, route string, w http.ResponseWriter, r *http.Request) bool {
				if route != "upload" {
					return false
				}
				io.Copy(io.Discard, r.Body)
				uploadError(w, 413, "The request exceeded the max file size limit of 20 GB.")
				return true
			}
		}, fault.Item, fault.Rejected},
		{"token refused for good", func(s *service, _ *station.Upload) {
			s.before = func(_ int, _ string, w http.ResponseWriter, r *http.Request) bool {
				apiError(w, 401, "UNAUTHENTICATED", "Unauthorized")
				return true
			}
		}, fault.Session, fault.Auth},
		{"upload rate, said as 400", func(s *service, _ *station.Upload) {
			s.before = func(_ int, _ string, w http.ResponseWriter, r *http.Request) bool {
				uploadError(w, 400, "Insufficient tokens for quota 'photoslibrary.googleapis.com/upload_requests' and limit 'UploadsPerMinutePerUser'")
				return true
			}
		}, fault.Transient, fault.Rate},
		{"sessions always lost", func(s *service, _ *station.Upload) {
			s.before = func(_ int, route string, w http.ResponseWriter, r *http.Request) bool {
				if route == "start" {
					return false
				}
				uploadError(w, 410, "")
				return true
			}
		}, fault.Transient, fault.UploadLost},
		{"gone while it is carried", func(_ *service, u *station.Upload) {
			opens := 0
			u.Open = func(ctx context.Context, offset int64) (*station.Content, error) {
				if opens++; opens > 1 {
					return nil, gone
				}
				return &station.Content{Body: io.NopCloser(bytes.NewReader(data[:3*unit])), Size: big}, nil
			}
		}, fault.Item, fault.Gone},
		{"changed while it is carried", func(_ *service, u *station.Upload) {
			opens := 0
			u.Open = func(ctx context.Context, offset int64) (*station.Content, error) {
				if opens++; opens > 1 {
					return opener(data, "v2")(ctx, offset)
				}
				return &station.Content{Body: io.NopCloser(bytes.NewReader(data[:3*unit])), Size: big, Version: "v1"}, nil
			}
		}, fault.Transient, fault.Changed},
		{"state cannot be saved", func(_ *service, u *station.Upload) {
			u.Save = func(context.Context, station.Checkpoint) error { return errors.New("disk is full") }
		}, fault.Session, fault.State},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newService(t)
				order := station.Upload{Item: video(big), Open: opener(data, "v1")}
				tc.set(s, &order)
				_, err := s.destination(Options{Sizing: small}).Upload(t.Context(), order)
				if fault.ClassOf(err) != tc.class || fault.CodeOf(err) != tc.code {
					t.Errorf("Upload = %v (%s, %s), want %s, %s", err, fault.ClassOf(err), fault.CodeOf(err), tc.class, tc.code)
				}
				if err == nil || leaks(err.Error()) {
					t.Errorf("error shows a secret: %v", err)
				}
			})
		})
	}
}

func TestUploadRefusesOnOpening(t *testing.T) {
	s := newService(t)
	d := s.destination(Options{})
	for _, tc := range []struct {
		name string
		item media.Item
		size int64
		code string
	}{
		{"empty", video(media.SizeUnknown), 0, media.RefusedEmpty},
		{"large photo", media.Item{Name: "GOPR0001.JPG", Size: media.SizeUnknown}, 200_000_001, media.RefusedTooLarge},
		{"large video", video(media.SizeUnknown), 20_000_000_001, media.RefusedTooLarge},
	} {
		closed := false
		_, err := d.Upload(t.Context(), station.Upload{Item: tc.item, Open: func(context.Context, int64) (*station.Content, error) {
			return &station.Content{Body: closer{&closed}, Size: tc.size}, nil
		}})
		refused, ok := errors.AsType[*station.RefusedError](err)
		if !ok || refused.Code != tc.code || fault.ClassOf(err) != fault.Item {
			t.Errorf("%s: Upload = %v, want a refusal", tc.name, err)
		}
		if !closed {
			t.Errorf("%s: content is left open", tc.name)
		}
	}
	if len(s.log) > 0 {
		t.Errorf("requests %q for what is refused", s.log)
	}
}

type closer struct{ closed *bool }

func (closer) Read([]byte) (int, error) { return 0, io.EOF }
func (c closer) Close() error           { *c.closed = true; return nil }

// TestNoFailureIsReportedAfterTheEnd: what fails because the run ends is no
// failure of the service, and is not tried again.
func TestNoFailureIsReportedAfterTheEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	reported := 0
	c := &carriage{d: &Destination{c: &Client{}}, u: station.Upload{Failed: func(error) { reported++ }}}
	drop := errors.New("connection reset")
	if v := c.judge(ctx, drop); !v.Retry || reported != 1 {
		t.Errorf("while it runs: %+v, reported %d times", v, reported)
	}
	cancel()
	if v := c.judge(ctx, drop); v.Retry || reported != 1 {
		t.Errorf("after the end: %+v, reported %d times in all", v, reported)
	}
}
