package google_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/emulator/internal/emutest"
	"github.com/gondola-sync/gondola/emulator/internal/google"
)

const minuteQuotaBody = `{
  "error": {
    "code": 429,
    "message": "Quota exceeded for quota metric 'Write requests' and limit 'Write requests per minute per user' of service 'photoslibrary.googleapis.com' for consumer 'project_number:407408718192'.",
    "errors": [
      {
        "message": "Quota exceeded for quota metric 'Write requests' and limit 'Write requests per minute per user' of service 'photoslibrary.googleapis.com' for consumer 'project_number:407408718192'.",
        "domain": "global",
        "reason": "rateLimitExceeded"
      }
    ],
    "status": "RESOURCE_EXHAUSTED",
    "details": [
      {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "RATE_LIMIT_EXCEEDED",
        "domain": "googleapis.com",
        "metadata": {
          "service": "photoslibrary.googleapis.com",
          "consumer": "projects/407408718192",
          "quota_location": "global",
          "quota_metric": "photoslibrary.googleapis.com/write_requests",
          "quota_limit": "WritesPerMinutePerUser",
          "quota_limit_value": "30"
        }
      },
      {
        "@type": "type.googleapis.com/google.rpc.Help",
        "links": [
          {
            "description": "Request a higher quota limit.",
            "url": "https://cloud.google.com/docs/quota#requesting_higher_quota"
          }
        ]
      }
    ]
  }
}
`

func TestWritesPerMinute(t *testing.T) {
	p := emutest.NewPhotos(t, emulator.GoogleOptions{})
	for range 30 {
		p.NewAlbum("x")
	}
	r := p.Must("POST", "/v1/albums", nil, `{"album":{"title":"x"}}`)
	if r.Status != 429 || r.Body != minuteQuotaBody || r.Header.Get("Retry-After") != "" {
		t.Errorf("%d %v %s", r.Status, r.Header, r.Body)
	}
	p.OK("GET", "/v1/albums", "", nil) // reading goes on
	mine := p.Token
	p.Token = p.E.Google.Token("somebody@example.com")
	p.NewAlbum("another user's")
	p.Token = mine
	p.E.Clock.Advance(time.Minute)
	p.NewAlbum("x")
}

func TestDailyQuota(t *testing.T) {
	for _, counted := range []bool{false, true} {
		p := emutest.NewPhotos(t, emulator.GoogleOptions{DailyRequests: 3, UploadsAreCounted: counted})
		p.Raw(emutest.JPEGOf(1))
		want := 3
		if counted {
			want = 2
		}
		done := 0
		var last emutest.Reply
		for range 5 {
			if last = p.Must("GET", "/v1/albums", nil, ""); last.Status == 200 {
				done++
			}
		}
		if done != want || last.Status != 429 || !strings.Contains(last.Body, "Quota exceeded for quota metric 'All requests' and limit 'All requests per day' of service") ||
			!strings.Contains(last.Body, `"quota_limit": "ApiCallsPerProjectPerDay"`) {
			t.Errorf("uploads counted %v: %d calls, then %s", counted, done, last.Body)
		}
		if got := p.E.Google.Usage().Requests; got != 3 {
			t.Errorf("usage %d", got)
		}
		// Noon UTC is 4 in California: the day turns 20 hours later.
		p.E.Clock.Advance(19 * time.Hour)
		p.Token = p.E.Google.Token("")
		if r := p.Must("GET", "/v1/albums", nil, ""); r.Status != 429 {
			t.Errorf("before midnight: %d", r.Status)
		}
		p.E.Clock.Advance(time.Hour)
		p.Token = p.E.Google.Token("")
		p.OK("GET", "/v1/albums", "", nil)
	}
}

// TestOverlappingWrites sends two writes at once and lets the emulator tell.
func TestOverlappingWrites(t *testing.T) {
	for mode, want := range map[string]int{"": 429, emulator.OverlapQuota: 429, emulator.OverlapAborted: 409, emulator.OverlapInternal: 500, emulator.OverlapAllowed: 200} {
		synctest.Test(t, func(t *testing.T) {
			p := emutest.NewPhotos(t, emulator.GoogleOptions{Overlap: mode, WriteTime: time.Second})
			defer p.HTTP.CloseIdleConnections()
			var running sync.WaitGroup
			replies := make([]emutest.Reply, 2)
			for i := range replies {
				running.Go(func() {
					time.Sleep(time.Duration(i) * 100 * time.Millisecond)
					replies[i], _ = p.Do("POST", "/v1/albums", nil, strings.NewReader(`{"album":{"title":"x"}}`))
				})
			}
			running.Wait()
			if replies[0].Status != 200 || replies[1].Status != want {
				t.Errorf("%q: %d and %d, want 200 and %d", mode, replies[0].Status, replies[1].Status, want)
			}
			if mode == "" {
				var e struct{ Error google.WireError }
				if err := json.Unmarshal([]byte(replies[1].Body), &e); err != nil || e.Error.Message != "Quota exceeded for quota 'concurrent write request' of service 'photoslibrary.googleapis.com'." || len(e.Error.Details) != 0 {
					t.Errorf("%v %s", err, replies[1].Body)
				}
			}
			p.OK("POST", "/v1/albums", `{"album":{"title":"alone again"}}`, nil)
		})
	}
}

func TestConcurrentUseIsSafe(t *testing.T) {
	p := emutest.NewPhotos(t, emulator.GoogleOptions{Overlap: emulator.OverlapAllowed, WritesPerMinute: 1000})
	var running sync.WaitGroup
	for i := range 8 {
		running.Go(func() {
			token := p.Raw(emutest.JPEGOf(i % 4))
			p.Create(p.NewAlbum("x"), token)
			p.OK("GET", "/v1/mediaItems", "", nil)
			_ = p.E.Google.Items()
			_ = p.E.Google.Albums()
			_ = p.E.Google.Uploads()
			if r := p.Must("GET", "https://emulator.control/", emutest.Headers{"Authorization": ""}, ""); r.Status != http.StatusOK {
				t.Errorf("page: %d", r.Status)
			}
		})
	}
	running.Wait()
	sums := map[string]bool{}
	for it := range p.E.Google.All() {
		sums[it.SHA256] = true
	}
	if len(sums) != 4 || len(p.E.Google.Items()) != 4 {
		t.Errorf("%d items of %d contents", len(p.E.Google.Items()), len(sums))
	}
	if slices.ContainsFunc(p.E.Google.Items(), func(it emulator.Item) bool { return it.Tokens != 2 || len(it.Albums) != 2 }) {
		t.Errorf("items: %+v", p.E.Google.Items())
	}
}
