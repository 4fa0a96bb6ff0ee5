package gopro

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
)

func newTestSource(t *testing.T, h http.Handler) *Source {
	t.Helper()
	s, err := NewSource(newTestClient(t, h), SourceOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func listItems(t *testing.T, s *Source, w media.Window) (items []media.Item, err error) {
	t.Helper()
	for item, e := range s.List(t.Context(), w) {
		if err != nil {
			t.Error("the sequence goes on after an error")
		}
		if err = e; e == nil {
			items = append(items, item)
		}
	}
	return items, err
}

func photo(id string) string {
	return manifest("GOPR0001.JPG", nil, []string{variation(id+"/source/default/1.jpg", "source", "jpg", 3000, "")}, nil)
}

func TestListDescribesItems(t *testing.T) {
	cl := emulated(t, &cloud{
		rows: []map[string]any{{"id": "v", "type": "Video", "filename": "GX010042.MP4", "file_extension": "mp4", "file_size": 900, "item_count": 2,
			"width": 3840, "height": 2160, "captured_at": "2025-06-01T12:00:00Z", "captured_at_timezone": "+02:00", "created_at": "2025-06-02T12:00:00Z",
			"camera_model": "HERO11 Black", "ready_to_view": "ready"}},
		manifests: map[string]string{"v": manifest("GX010042.MP4", proxyFile, []string{chapter(1, part(1)), chapter(2, part(2))}, nil)},
	})
	got, err := listItems(t, newTestSource(t, cl), media.Window{})
	if err != nil {
		t.Fatal(err)
	}
	want := media.Item{
		ID: media.ID{Station: "gopro", Medium: "v", Part: 1, Label: "source"}, Name: "GX010042.MP4", LegacyName: "GX010042000.MP4",
		Size: media.SizeUnknown, MIME: "video/mp4", Kind: media.Video, Type: "Video", Width: 1, Height: 2160, Camera: "HERO11 Black",
		CapturedAt: noon, CapturedZone: "+02:00", CreatedAt: noon.AddDate(0, 0, 1), Of: 2,
	}
	second := want
	second.ID.Part, second.Name, second.LegacyName = 2, "GX020042.MP4", ""
	for i, mark := 0, got[0].Revision; i < len(got); i++ {
		if got[i].Revision == "" || got[i].Revision != mark {
			t.Errorf("item %d is marked %q, the first one %q", i, got[i].Revision, mark)
		}
		got[i].Revision = ""
	}
	if diff := cmp.Diff([]media.Item{want, second}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestListOfTroubledMedia(t *testing.T) {
	with := func(id string, more ...any) map[string]any {
		r := row(id)
		for i := 0; i < len(more); i += 2 {
			r[more[i].(string)] = more[i+1]
		}
		return r
	}
	cl := &cloud{
		rows: []map[string]any{
			with("fine"),
			with("uploading", "ready_to_view", "uploading"),
			with("transcoding", "ready_to_view", "transcoding"),
			with("failed", "ready_to_view", "failure"),
			with("trashed"),
			with("broken", "item_count", 2, "type", "Burst", "filename", "G0010001.JPG"),
		},
		manifests: map[string]string{"fine": photo("fine")},
		before: func(_ int, r *http.Request, c *cloud, w http.ResponseWriter) bool {
			broken := r.URL.Path == "/media/broken/download"
			if broken {
				w.WriteHeader(503)
			}
			return broken
		},
	}
	synctest.Test(t, func(t *testing.T) {
		emulated(t, cl)
		items, err := listItems(t, newTestSource(t, cl), media.Window{})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, item := range items {
			line := item.ID.Key() + " " + item.Name
			if item.Refusal != nil {
				line += " !" + item.Refusal.Code
			}
			got = append(got, line)
		}
		want := []string{
			"gopro/fine/1/source GOPR0001.JPG",
			"gopro/uploading/1/source GOPR0001.JPG !not_ready",
			"gopro/transcoding/1/source GOPR0001.JPG !not_ready",
			"gopro/failed/1/source GOPR0001.JPG !no_original",
			"gopro/trashed/1/source GOPR0001.JPG",
			"gopro/broken/1/source G0010001.JPG",
			"gopro/broken/2/source G0010002.JPG",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestListEndsWhenNothingResolves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cl := emulated(t, &cloud{rows: library(100)})
		cl.before = func(_ int, r *http.Request, _ *cloud, w http.ResponseWriter) bool {
			down := strings.HasSuffix(r.URL.Path, "/download")
			if down {
				w.WriteHeader(503)
			}
			return down
		}
		items, err := listItems(t, newTestSource(t, cl), media.Window{})
		if fault.CodeOf(err) != fault.Server || len(items) > maxFailing {
			t.Errorf("%d items, %v", len(items), err)
		}
	})
}

func TestListEndsWithSessionFaults(t *testing.T) {
	cl := emulated(t, &cloud{rows: library(20), manifests: map[string]string{}})
	for _, r := range cl.rows {
		cl.manifests[r["id"].(string)] = photo(r["id"].(string))
	}
	cl.before = func(n int, _ *http.Request, _ *cloud, w http.ResponseWriter) bool {
		if n > 10 {
			w.WriteHeader(401)
		}
		return n > 10
	}
	items, err := listItems(t, newTestSource(t, cl), media.Window{})
	if fault.CodeOf(err) != fault.Auth || fault.ClassOf(err) != fault.Session || len(items) == 0 || len(items) >= 20 {
		t.Errorf("%d items, %v", len(items), err)
	}
	for i, item := range items {
		if want := fmt.Sprintf("m%04d", 20-i); item.ID.Medium != want {
			t.Errorf("item %d is of %s, want %s: a hole before the error", i, item.ID.Medium, want)
		}
	}
}

// slowCloud answers manifests after a while that differs from one to the next.
type slowCloud struct {
	*cloud
	flying, most, resolved atomic.Int64
}

func (c *slowCloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.HasSuffix(r.URL.Path, "/download") {
		c.cloud.ServeHTTP(w, r)
		return
	}
	n := c.flying.Add(1)
	defer c.flying.Add(-1)
	for most := c.most.Load(); n > most && !c.most.CompareAndSwap(most, n); most = c.most.Load() {
	}
	c.resolved.Add(1)
	select {
	case <-time.After(time.Duration(len(r.URL.Path)*7919%13) * time.Second):
	case <-r.Context().Done():
	}
	writeJSON(w, 200, photo(r.URL.Path))
}

func TestListIsOrderedAndBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cl := &slowCloud{cloud: emulated(t, &cloud{rows: library(60)})}
		for i, r := range cl.rows {
			r["id"] = strings.Repeat("m", i+1)
		}
		s := newTestSource(t, cl)
		n := 0
		for item, err := range s.List(t.Context(), media.Window{}) {
			if err != nil {
				t.Fatal(err)
			}
			if n++; item.ID.Medium != strings.Repeat("m", n) {
				t.Fatalf("item %d is of %s", n, item.ID.Medium)
			}
			if n == 20 {
				time.Sleep(time.Hour)
				synctest.Wait()
				if ahead := cl.resolved.Load() - 20; ahead > 2*maxResolving+2 {
					t.Errorf("%d media resolved ahead of the caller", ahead)
				}
			}
		}
		if n != 60 || cl.most.Load() != maxResolving {
			t.Errorf("%d items, %d manifests in flight, want 60 and %d", n, cl.most.Load(), maxResolving)
		}
	})
}

func TestListStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cl := &slowCloud{cloud: emulated(t, &cloud{rows: library(300)})}
		for range newTestSource(t, cl).List(t.Context(), media.Window{}) {
			break
		}
		if n := cl.flying.Load(); n != 0 {
			t.Errorf("%d requests go on after the caller left", n)
		}
		stop := errors.New("asked to stop")
		ctx, cancel := context.WithCancelCause(t.Context())
		defer cancel(nil)
		var last error
		for _, err := range newTestSource(t, cl).List(ctx, media.Window{}) {
			cancel(stop)
			last = err
		}
		if !errors.Is(last, stop) {
			t.Errorf("after the context ended: %v", last)
		}
	})
}

// What was just listed is opened without asking again, and what many ask for at
// once is asked for once.
func TestAddressesAreShared(t *testing.T) {
	var resolved atomic.Int64
	api := &cloud{rows: []map[string]any{row("m")}, manifests: map[string]string{"m": photo("m")}}
	transport := roundTrip(func(r *http.Request) (*http.Response, error) {
		if r.URL.Host == "cdn.example" {
			return &http.Response{StatusCode: 200, Header: http.Header{}, ContentLength: 8123457, Body: http.NoBody, Request: r}, nil
		}
		if strings.HasSuffix(r.URL.Path, "/download") {
			resolved.Add(1)
			time.Sleep(time.Second)
		}
		return inProcess{api}.RoundTrip(r)
	})
	synctest.Test(t, func(t *testing.T) {
		emulated(t, api)
		c, err := NewClient(Options{HTTP: &http.Client{Transport: transport}, Token: testToken})
		if err != nil {
			t.Fatal(err)
		}
		listed, errListed := NewSource(c, SourceOptions{})
		s, err := NewSource(c, SourceOptions{}) // which knows no address yet
		if err := errors.Join(errListed, err); err != nil {
			t.Fatal(err)
		}
		items, err := listItems(t, listed, media.Window{})
		if err != nil || len(items) != 1 {
			t.Fatalf("%v, %v", items, err)
		}
		content, err := listed.Open(t.Context(), items[0], 0, "")
		if err != nil {
			t.Fatal(err)
		}
		content.Body.Close()
		if n := resolved.Load(); n != 1 {
			t.Errorf("resolved %d times to list and open one medium, want once", n)
		}
		resolved.Store(0)
		var all sync.WaitGroup
		first, cancel := context.WithCancel(t.Context())
		time.AfterFunc(500*time.Millisecond, cancel)
		all.Go(func() {
			if _, err := s.Open(first, items[0], 0, ""); !errors.Is(err, context.Canceled) {
				t.Errorf("who left got %v", err)
			}
		})
		time.Sleep(100 * time.Millisecond)
		for range 20 {
			all.Go(func() {
				content, err := s.Open(t.Context(), items[0], 0, "")
				if err != nil {
					t.Error(err)
					return
				}
				content.Body.Close()
			})
		}
		all.Wait()
		if n := resolved.Load(); n != 2 {
			t.Errorf("resolved %d times, want 2: for the one who left, and for all others", n)
		}
	})
}

func TestQuality(t *testing.T) {
	for quality, want := range map[string]int{"": 0, "source": 0, "SOURCE": 0, "1080": 1080} {
		if got, err := parseQuality(quality); got != want || err != nil {
			t.Errorf("quality %q = %d, %v", quality, got, err)
		}
	}
	for _, quality := range []string{"best", "-1", "0", "1080p", "999999"} {
		if _, err := NewSource(newTestClient(t, emulated(t, &cloud{})), SourceOptions{Quality: quality}); err == nil || !strings.Contains(err.Error(), quality) {
			t.Errorf("quality %q: %v", quality, err)
		}
	}
}

func TestStationNames(t *testing.T) {
	s := newTestSource(t, emulated(t, &cloud{}))
	if s.Name() != "gopro:" {
		t.Errorf("Station = %q", s.Name())
	}
	if _, err := listItems(t, s, media.Window{}); err != nil {
		t.Error(err)
	}
	n := s.Requests()
	keys := slices.Sorted(func(yield func(string) bool) {
		for k := range n {
			if !yield(k) {
				return
			}
		}
	})
	if !slices.Equal(keys, []string{"cdn", "gopro"}) || n["gopro"] != 1 || n["cdn"] != 0 {
		t.Errorf("Requests = %v", n)
	}
}

func TestSourceName(t *testing.T) {
	for name, want := range map[string]string{"": "gopro:", "gopro@anna:": "gopro@anna:"} {
		s, err := NewSource(new(Client), SourceOptions{Name: name})
		if err != nil || s.Name() != want {
			t.Errorf("name %q: %q, %v; want %q", name, s.Name(), err, want)
		}
	}
}
