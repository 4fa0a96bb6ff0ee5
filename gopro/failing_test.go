package gopro

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
)

// troubled is a cloud of photos, some of which answer as they please.
func troubled(t *testing.T, rows int, answer func(id string, w http.ResponseWriter) bool) (*cloud, map[string]int) {
	asked := map[string]int{}
	cl := emulated(t, &cloud{rows: library(rows), manifests: map[string]string{}})
	for _, r := range cl.rows {
		id := r["id"].(string)
		cl.manifests[id] = photo(id)
	}
	cl.before = func(_ int, r *http.Request, _ *cloud, w http.ResponseWriter) bool {
		id, isManifest := strings.CutSuffix(strings.TrimPrefix(r.URL.Path, "/media/"), "/download")
		if !isManifest {
			return false
		}
		asked[id]++
		return answer(id, w)
	}
	return cl, asked
}

// TestARefusalOfOneMediumIsItsOwn: whatever the cloud answers for one medium for
// ever, the others are listed and it fails alone when it is opened.
func TestARefusalOfOneMediumIsItsOwn(t *testing.T) {
	for _, status := range []int{302, 400, 401, 403, 404, 406, 409, 410, 415, 500, 501, 502, 503, 504} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cl, asked := troubled(t, 30, func(id string, w http.ResponseWriter) bool {
					if id == "m0017" {
						writeJSON(w, status, `{"error":"no"}`)
					}
					return id == "m0017"
				})
				s := newTestSource(t, cl)
				items, err := listItems(t, s, media.Window{})
				if err != nil || len(items) != 30 {
					t.Fatalf("%d items, %v", len(items), err)
				}
				_, err = s.Open(t.Context(), items[13], 0, "")
				if items[13].ID.Medium != "m0017" || err == nil || fault.ClassOf(err) == fault.Session {
					t.Errorf("opening %s: %v (%s)", items[13].ID.Medium, err, fault.ClassOf(err))
				}
				if status < 500 && asked["m0017"] > 2 || asked["m0017"] > 7 {
					t.Errorf("asked %d times", asked["m0017"])
				}
			})
		})
	}
}

// TestNeighboursThatFail: media that fail for good, many in a row, neither end
// the listing nor hold it up.
func TestNeighboursThatFail(t *testing.T) {
	for _, tc := range []struct {
		name   string
		status int // 0: the connection is reset
		first  int // of the rows that fail
		most   time.Duration
		asked  int // a medium, at most
	}{
		{"500", 500, 5, time.Minute, 3},
		{"500, the newest", 500, 0, time.Minute, 3},
		{"503", 503, 5, 5 * time.Minute, 6},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				bad := map[string]bool{}
				for i := range 12 {
					bad[fmt.Sprintf("m%04d", 40-tc.first-i)] = true
				}
				cl, asked := troubled(t, 40, func(id string, w http.ResponseWriter) bool {
					if bad[id] {
						writeJSON(w, tc.status, "{}")
					}
					return bad[id]
				})
				began := time.Now()
				s := newTestSource(t, cl)
				items, err := listItems(t, s, media.Window{})
				if err != nil || len(items) != 40 {
					t.Fatalf("%d items, %v", len(items), err)
				}
				if took := time.Since(began); took > tc.most {
					t.Errorf("took %v", took)
				}
				sum := 0
				for id := range bad {
					if sum += asked[id]; asked[id] > tc.asked {
						t.Errorf("%s was asked for %d times", id, asked[id])
					}
				}
				// Those that are asked for at once in full, then twice each until so
				// many have failed that another one is tried, then in full again.
				if sum > maxResolving*6+(maxFailing+1-maxResolving)*2+(12-maxFailing-1)*6+4 {
					t.Errorf("12 media were asked for %d times", sum)
				}
			})
		})
	}
}

// TestAMediumThatResetsTheLine ends nothing but itself; a cloud that does ends
// the listing.
func TestAMediumThatResetsTheLine(t *testing.T) {
	for _, all := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			cl, _ := troubled(t, 20, func(string, http.ResponseWriter) bool { return false })
			c := newTestClient(t, nil, func(o *Options) {
				o.HTTP = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
					if strings.Contains(r.URL.Path, "m0007") || all && r.URL.Path != "/media/search" {
						return nil, fmt.Errorf("connection reset")
					}
					return inProcess{cl}.RoundTrip(r)
				})}
			})
			s, err := NewSource(c, SourceOptions{})
			if err != nil {
				t.Fatal(err)
			}
			items, err := listItems(t, s, media.Window{})
			if !all && (err != nil || len(items) != 20) || all && fault.CodeOf(err) != fault.Unreachable {
				t.Errorf("all %v: %d items, %v", all, len(items), err)
			}
		})
	}
}

// TestOtherFilesThanPromised: a medium that was listed by what its row promises
// is not carried by that if its manifest, once it comes, lists others too.
func TestOtherFilesThanPromised(t *testing.T) {
	withRAW := manifest("GOPR0001.JPG", nil, []string{variation("a/source/default/1.jpg", "source", "jpg", 3000, "")},
		[]string{variation("a/raw_photo/default/1.gpr", "raw_photo", "gpr", 0, "")})
	for _, tc := range []struct {
		name, manifest, code string
	}{
		{"the same", photo("m0001"), ""},
		{"a RAW file beside it", withRAW, fault.Changed},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				down := true
				cl, _ := troubled(t, 1, func(_ string, w http.ResponseWriter) bool {
					if down {
						writeJSON(w, 500, "{}")
					}
					return down
				})
				cl.manifests["m0001"] = tc.manifest
				s := newTestSource(t, cl)
				items, err := listItems(t, s, media.Window{})
				if err != nil || len(items) != 1 {
					t.Fatalf("%d items, %v", len(items), err)
				}
				down = false
				if err := s.Prefetch(t.Context(), items[0]); fault.CodeOf(err) != tc.code {
					t.Errorf("opening: %v, want %q", err, tc.code)
				}
			})
		})
	}
}

// TestOneAnswerIsNotBelievedAgainstAnother: a row that says there is an original,
// and a manifest that lists none.
func TestOneAnswerIsNotBelievedAgainstAnother(t *testing.T) {
	empty := manifest("GOPR0001.JPG", nil, nil, nil)
	for _, tc := range []struct {
		name  string
		empty int // answers
		asked int
		code  string // of the refusal
	}{
		{"never", 0, 1, ""},
		{"once", 1, 2, ""},
		{"three times", 3, 4, ""},
		{"for ever", 1000, 1 + maxRereads, media.RefusedIncomplete},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				left := tc.empty
				cl, asked := troubled(t, 1, func(_ string, w http.ResponseWriter) bool {
					if left--; left >= 0 {
						writeJSON(w, 200, empty)
					}
					return left >= 0
				})
				cl.rows[0]["available_labels"] = []string{"source"}
				items, err := listItems(t, newTestSource(t, cl), media.Window{})
				if err != nil || len(items) != 1 {
					t.Fatalf("%v, %v", items, err)
				}
				switch why := items[0].Refusal; {
				case tc.code == "" && why != nil, tc.code != "" && (why == nil || why.Code != tc.code || strings.Contains(why.Reason, "lesser")):
					t.Errorf("refused: %+v, want %q", why, tc.code)
				}
				if asked["m0001"] != tc.asked {
					t.Errorf("asked %d times, want %d", asked["m0001"], tc.asked)
				}
			})
		})
	}
}

// TestManyContradictionsCostLittle: asking again for each of many media that
// never list what they should ends.
func TestManyContradictionsCostLittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cl, asked := troubled(t, 200, func(_ string, w http.ResponseWriter) bool {
			writeJSON(w, 200, manifest("GOPR0001.JPG", nil, nil, nil))
			return true
		})
		began := time.Now()
		items, err := listItems(t, newTestSource(t, cl), media.Window{})
		if err != nil || len(items) != 200 {
			t.Fatalf("%d items, %v", len(items), err)
		}
		sum := 0
		for _, n := range asked {
			sum += n
		}
		if took := time.Since(began); sum > 200+(maxLacking+maxResolving)*maxRereads || took > time.Minute {
			t.Errorf("200 media were asked for %d times, in %v", sum, took)
		}
	})
}
