package emulator

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

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
	p := newPhotosTest(t, GoogleOptions{})
	for range 30 {
		p.newAlbum("x")
	}
	r := p.must("POST", "/v1/albums", nil, `{"album":{"title":"x"}}`)
	if r.status != 429 || r.body != minuteQuotaBody || r.header.Get("Retry-After") != "" {
		t.Errorf("%d %v %s", r.status, r.header, r.body)
	}
	p.ok("GET", "/v1/albums", "", nil) // reading goes on
	mine := p.token
	p.token = p.e.Google.Token("somebody@example.com")
	p.newAlbum("another user's")
	p.token = mine
	p.e.Clock.Advance(time.Minute)
	p.newAlbum("x")
}

func TestDailyQuota(t *testing.T) {
	for _, counted := range []bool{false, true} {
		p := newPhotosTest(t, GoogleOptions{DailyRequests: 3, UploadsAreCounted: counted})
		p.raw(jpegOf(1))
		want := 3
		if counted {
			want = 2
		}
		done := 0
		var last reply
		for range 5 {
			if last = p.must("GET", "/v1/albums", nil, ""); last.status == 200 {
				done++
			}
		}
		if done != want || last.status != 429 || !strings.Contains(last.body, "Quota exceeded for quota metric 'All requests' and limit 'All requests per day' of service") ||
			!strings.Contains(last.body, `"quota_limit": "ApiCallsPerProjectPerDay"`) {
			t.Errorf("uploads counted %v: %d calls, then %s", counted, done, last.body)
		}
		if got := p.e.Google.Usage().Requests; got != 3 {
			t.Errorf("usage %d", got)
		}
		// Noon UTC is 4 in California: the day turns 20 hours later.
		p.e.Clock.Advance(19 * time.Hour)
		p.token = p.e.Google.Token("")
		if r := p.must("GET", "/v1/albums", nil, ""); r.status != 429 {
			t.Errorf("before midnight: %d", r.status)
		}
		p.e.Clock.Advance(time.Hour)
		p.token = p.e.Google.Token("")
		p.ok("GET", "/v1/albums", "", nil)
	}
}

// TestOverlappingWrites sends two writes at once and lets the emulator tell.
func TestOverlappingWrites(t *testing.T) {
	for mode, want := range map[string]int{"": 429, OverlapQuota: 429, OverlapAborted: 409, OverlapInternal: 500, OverlapAllowed: 200} {
		synctest.Test(t, func(t *testing.T) {
			p := newPhotosTest(t, GoogleOptions{Overlap: mode, WriteTime: time.Second})
			defer p.client.CloseIdleConnections()
			var running sync.WaitGroup
			replies := make([]reply, 2)
			for i := range replies {
				running.Go(func() {
					time.Sleep(time.Duration(i) * 100 * time.Millisecond)
					replies[i], _ = p.do("POST", "/v1/albums", nil, strings.NewReader(`{"album":{"title":"x"}}`))
				})
			}
			running.Wait()
			if replies[0].status != 200 || replies[1].status != want {
				t.Errorf("%q: %d and %d, want 200 and %d", mode, replies[0].status, replies[1].status, want)
			}
			if mode == "" {
				var e struct{ Error google.WireError }
				if err := json.Unmarshal([]byte(replies[1].body), &e); err != nil || e.Error.Message != "Quota exceeded for quota 'concurrent write request' of service 'photoslibrary.googleapis.com'." || len(e.Error.Details) != 0 {
					t.Errorf("%v %s", err, replies[1].body)
				}
			}
			p.ok("POST", "/v1/albums", `{"album":{"title":"alone again"}}`, nil)
		})
	}
}

func TestConcurrentUseIsSafe(t *testing.T) {
	p := newPhotosTest(t, GoogleOptions{Overlap: OverlapAllowed, WritesPerMinute: 1000})
	var running sync.WaitGroup
	for i := range 8 {
		running.Go(func() {
			token := p.raw(jpegOf(i % 4))
			p.create(p.newAlbum("x"), token)
			p.ok("GET", "/v1/mediaItems", "", nil)
			_ = p.e.Google.Items()
			_ = p.e.Google.Albums()
			_ = p.e.Google.Uploads()
			if r := p.must("GET", "https://emulator.control/", headers{"Authorization": ""}, ""); r.status != http.StatusOK {
				t.Errorf("page: %d", r.status)
			}
		})
	}
	running.Wait()
	sums := map[string]bool{}
	for it := range p.e.Google.All() {
		sums[it.SHA256] = true
	}
	if len(sums) != 4 || len(p.e.Google.Items()) != 4 {
		t.Errorf("%d items of %d contents", len(p.e.Google.Items()), len(sums))
	}
	if slices.ContainsFunc(p.e.Google.Items(), func(it Item) bool { return it.Tokens != 2 || len(it.Albums) != 2 }) {
		t.Errorf("items: %+v", p.e.Google.Items())
	}
}
