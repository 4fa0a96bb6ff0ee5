package google

import (
	"net/http"
	"sync"
	"time"
	_ "time/tzdata" // the daily quotas turn at midnight in California, on any machine
)

// pacific is where Google's quota day begins.
var pacific = sync.OnceValue(func() *time.Location {
	loc, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		panic(err) // linked in above
	}
	return loc
})

func quotaDay(now time.Time) string { return now.In(pacific()).Format(time.DateOnly) }

// Quota counts what a project may do in a day and a user in a minute.
type Quota struct {
	Requests, downloads int64 // per project and day
	writes              int   // per user and minute

	mu      sync.Mutex
	days    map[string]*dayCount   // by project
	minutes map[string][]time.Time // writes of the last minute, by user
	writing map[string]int         // writes under way, by user
}

type dayCount struct {
	day                 string
	requests, downloads int64
}

// NewQuota returns a quota of requests and downloads a day for a project, and of
// writes a minute for a user.
func NewQuota(requests, downloads int64, writes int) *Quota {
	return &Quota{
		Requests: requests, downloads: downloads, writes: writes,
		days:    map[string]*dayCount{},
		minutes: map[string][]time.Time{},
		writing: map[string]int{},
	}
}

func (q *Quota) today(project string, now time.Time) *dayCount {
	d := q.days[project]
	if d == nil || d.day != quotaDay(now) {
		d = &dayCount{day: quotaDay(now)}
		q.days[project] = d
	}
	return d
}

// Request takes one API call out of the project's day.
func (q *Quota) Request(project string, now time.Time) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	d := q.today(project, now)
	if d.requests >= q.Requests {
		return errQuota(quotaDaily, q.Requests)
	}
	d.requests++
	return nil
}

// Download takes one base URL request out of the project's day.
func (q *Quota) Download(project string, now time.Time) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	d := q.today(project, now)
	if d.downloads >= q.downloads {
		return errQuota(quotaDownloads, q.downloads)
	}
	d.downloads++
	return nil
}

// write takes one write out of the user's minute.
func (q *Quota) write(user string, now time.Time) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	recent := q.minutes[user]
	for len(recent) > 0 && now.Sub(recent[0]) >= time.Minute {
		recent = recent[1:]
	}
	if len(recent) >= q.writes {
		q.minutes[user] = recent
		return errQuota(quotaMinute, int64(q.writes))
	}
	q.minutes[user] = append(recent, now)
	return nil
}

// begin marks a write of the user as under way. It reports whether it is the
// only one; end must follow in any case.
func (q *Quota) begin(user string) (alone bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.writing[user]++
	return q.writing[user] == 1
}

func (q *Quota) end(user string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.writing[user]--
}

// Usage is what a project has used of the present quota day, which begins at
// midnight in California.
type Usage struct {
	Requests  int64 // API calls
	Downloads int64 // requests of base URLs
}

// Usage returns what a project has used of the day.
func (q *Quota) Usage(project string, now time.Time) Usage {
	q.mu.Lock()
	defer q.mu.Unlock()
	d := q.today(project, now)
	return Usage{Requests: d.requests, Downloads: d.downloads}
}

// quotaKind says which quota ran out, in the words of Google's 429.
type quotaKind struct{ title, limitTitle, metric, limit string }

var (
	quotaDaily     = quotaKind{"All requests", "All requests per day", "all_requests", "ApiCallsPerProjectPerDay"}
	quotaDownloads = quotaKind{"All requests to base URLs", "All requests to base URLs per day", "base_url_requests", "BaseUrlRequestsPerProjectPerDay"}
	quotaMinute    = quotaKind{"Write requests", "Write requests per minute per user", "write_requests", "WritesPerMinutePerUser"}
)

// ProjectNumber is that of the project that quota errors name.
const ProjectNumber = "407408718192"

const photosService = "photoslibrary.googleapis.com"

type quotaInfo struct {
	Type     string        `json:"@type"`
	Reason   string        `json:"reason"`
	Domain   string        `json:"domain"`
	Metadata quotaMetadata `json:"metadata"`
}

type quotaMetadata struct {
	Service  string `json:"service"`
	Consumer string `json:"consumer"`
	Location string `json:"quota_location"`
	Metric   string `json:"quota_metric"`
	Limit    string `json:"quota_limit"`
	Value    int64  `json:"quota_limit_value,string"`
}

type quotaHelp struct {
	Type  string          `json:"@type"`
	Links []quotaHelpLink `json:"links"`
}

type quotaHelpLink struct {
	Description string `json:"description"`
	URL         string `json:"url"`
}

// errQuota is the 429 of a quota that ran out. It has no Retry-After.
func errQuota(k quotaKind, limit int64) *Error {
	e := Failf(http.StatusTooManyRequests, "Quota exceeded for quota metric '%s' and limit '%s' of service '%s' for consumer 'project_number:%s'.",
		k.title, k.limitTitle, photosService, ProjectNumber)
	e.reason = "rateLimitExceeded"
	e.details = []any{
		quotaInfo{
			Type: "type.googleapis.com/google.rpc.ErrorInfo", Reason: "RATE_LIMIT_EXCEEDED", Domain: "googleapis.com",
			Metadata: quotaMetadata{
				Service: photosService, Consumer: "projects/" + ProjectNumber, Location: "global",
				Metric: photosService + "/" + k.metric, Limit: k.limit, Value: limit,
			},
		},
		quotaHelp{
			Type: "type.googleapis.com/google.rpc.Help",
			Links: []quotaHelpLink{{
				Description: "Request a higher quota limit.",
				URL:         "https://cloud.google.com/docs/quota#requesting_higher_quota",
			}},
		},
	}
	return e
}

// errConcurrent is the 429 of two writes of one user at once: another grammar,
// no metric, no details.
func errConcurrent() *Error {
	e := Failf(http.StatusTooManyRequests, "Quota exceeded for quota 'concurrent write request' of service '%s'.", photosService)
	e.reason = "rateLimitExceeded"
	return e
}
