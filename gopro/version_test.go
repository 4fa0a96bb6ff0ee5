package gopro

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/fault"
)

var (
	monday  = time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	tuesday = monday.Add(24 * time.Hour)
)

// serving is how a CDN serves the content at one moment.
type serving struct {
	tag      string
	modified time.Time
	size     int  // bytes of the content; 0: all
	noRanges bool // answers 200 to a range
	obeys    bool // answers as http.ServeContent does; else 206 whatever If-Range says
}

func (s serving) write(w http.ResponseWriter, r *http.Request) {
	data := content
	if s.size > 0 {
		data = content[:s.size]
	}
	w.Header().Set("Content-Type", "binary/octet-stream")
	if s.tag != "" {
		w.Header().Set("ETag", s.tag)
	}
	if s.noRanges {
		r.Header.Del("Range")
	}
	if !s.obeys {
		r.Header.Del("If-Range")
	}
	http.ServeContent(w, r, "", s.modified, bytes.NewReader(data))
}

// TestContinuationsAreOfTheSameBytes: what was begun with one answer goes on with
// another only if that one proves to be of the same bytes.
func TestContinuationsAreOfTheSameBytes(t *testing.T) {
	const tag, other = `"d41d8cd98f00b204e9800998ecf8427e-1"`, `"900150983cd24fb0d6963f7d28e17f72-1"`
	for _, tc := range []struct {
		name        string
		first, then serving
		same        bool
	}{
		{"one tag", serving{tag: tag}, serving{tag: tag}, true},
		{"one tag, another date", serving{tag: tag, modified: monday}, serving{tag: tag, modified: tuesday}, true},
		{"another tag", serving{tag: tag}, serving{tag: other}, false},
		{"another tag, one date", serving{tag: tag, modified: monday}, serving{tag: other, modified: monday}, false},
		{"the tag is gone", serving{tag: tag}, serving{}, false},
		{"the tag is gone, the date stays", serving{tag: tag, modified: monday}, serving{modified: monday}, false},
		{"one date", serving{modified: monday}, serving{modified: monday}, true},
		{"another date", serving{modified: monday}, serving{modified: tuesday}, false},
		{"the date is gone", serving{modified: monday}, serving{}, false},
		{"one date, another size", serving{modified: monday}, serving{modified: monday, size: 900}, false},
		{"one weak tag, one date", serving{tag: "W/" + tag, modified: monday}, serving{tag: "W/" + tag, modified: monday}, true},
		{"one weak tag, another date", serving{tag: "W/" + tag, modified: monday}, serving{tag: "W/" + tag, modified: tuesday}, false},
		{"a tag that turns weak", serving{tag: tag}, serving{tag: "W/" + tag}, false},
	} {
		for _, how := range []struct {
			name            string
			obeys, noRanges bool
		}{{"If-Range is obeyed", true, false}, {"If-Range is ignored", false, false}, {"ranges are ignored", true, true}} {
			for _, offset := range []int64{0, 500} {
				t.Run(fmt.Sprintf("%s/%s/from %d", tc.name, how.name, offset), func(t *testing.T) {
					c := &cdn{}
					source, item := newCDN(t, c)
					tc.first.obeys = true
					tc.then.obeys, tc.then.noRanges = how.obeys, how.noRanges
					c.serve = func(n int, w http.ResponseWriter, r *http.Request) {
						if n == 1 {
							tc.first.write(w, r)
							return
						}
						tc.then.write(w, r)
					}
					first, err := source.Open(t.Context(), item, 0, "")
					if err != nil || first.Version == "" {
						t.Fatalf("first opening: %+v, %v", first, err)
					}
					first.Body.Close()
					then, err := source.Open(t.Context(), item, offset, first.Version)
					if !tc.same {
						if fault.CodeOf(err) != fault.Changed {
							t.Errorf("opened again as %+v, %v, want %s", then, err, fault.Changed)
						}
						return
					}
					if err != nil {
						t.Fatal(err)
					}
					defer then.Body.Close()
					rest, err := io.ReadAll(then.Body)
					if err != nil || !bytes.Equal(rest, content[offset:]) || then.Version != first.Version {
						t.Errorf("%d bytes of version %q, %v; want %d of %q", len(rest), then.Version, err, len(content[offset:]), first.Version)
					}
				})
			}
		}
	}
}

// TestVersionOfNothing: an answer that names no version has none, and a weak tag
// alone is none.
func TestVersionOfNothing(t *testing.T) {
	for _, h := range []http.Header{{}, {"Etag": {`W/"1"`}}, {"Etag": {"unquoted"}}, {"Etag": {`"`}}, {"Last-Modified": {"yesterday"}}} {
		if v := versionOf(h, 10); v != "" {
			t.Errorf("version of %v = %q", h, v)
		}
	}
	for _, version := range []string{"", `W/"1"`, "unquoted", "a; 10 bytes"} {
		if v := ifRange(version); v != "" {
			t.Errorf("If-Range of %q = %q", version, v)
		}
	}
}

// TestEncodedAnswersAreNotTheFile: bytes that are encoded in a way that was not
// asked for are never carried.
func TestEncodedAnswersAreNotTheFile(t *testing.T) {
	for coding, ok := range map[string]bool{"": true, "identity": true, "Identity": true, "gzip": false, "GZIP": false, "br": false, "deflate, gzip": false} {
		for _, offset := range []int64{0, 500} {
			c := &cdn{}
			source, item := newCDN(t, c)
			c.serve = func(_ int, w http.ResponseWriter, r *http.Request) {
				if coding != "" {
					w.Header().Set("Content-Encoding", coding)
				}
				c.object(w, r)
			}
			got, err := source.Open(t.Context(), item, offset, "")
			if err == nil {
				got.Body.Close()
			}
			if (err == nil) != ok || err != nil && (fault.ClassOf(err) != fault.Transient || fault.CodeOf(err) != fault.Protocol) {
				t.Errorf("%q from %d: %v (%s, %s)", coding, offset, err, fault.ClassOf(err), fault.CodeOf(err))
			}
		}
	}
}
