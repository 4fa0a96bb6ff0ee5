package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gondola-sync/gondola/fault"
	registry "github.com/gondola-sync/gondola/internal/app"
	"github.com/gondola-sync/gondola/internal/cli/render"
	"github.com/gondola-sync/gondola/internal/engine/audit"
	"github.com/gondola-sync/gondola/media"
)

// TestAuditReport holds the first line and the exit code of each kind of answer.
func TestAuditReport(t *testing.T) {
	unproven := &fault.Error{Class: fault.Session, Code: fault.ListingIncomplete, Op: "list"}
	place := func(unknown int, code string) []audit.Place {
		return []audit.Place{{Name: "gphotos:", Unknown: unknown, Err: &fault.Error{Class: fault.Session, Code: code, Op: "ask"}}}
	}
	for name, tc := range map[string]struct {
		result audit.Result
		err    error
		code   int
		answer string
	}{
		"safe":             {audit.Result{Listed: true, Items: 3, Safe: 3}, nil, 0, "Safe to cancel: each of 3 items"},
		"one":              {audit.Result{Listed: true, Items: 1, Safe: 1}, nil, 0, "Safe to cancel: its one item is at a destination"},
		"empty":            {audit.Result{Listed: true}, nil, 0, "Nothing is at the source"},
		"at risk":          {audit.Result{Listed: true, Items: 3, Safe: 2, AtRisk: 1, BytesAtRisk: 5}, nil, 7, "Not safe to cancel: 1 of 3 items (5 B) is at no destination"},
		"unproven":         {audit.Result{Items: 3, AtRisk: 1}, unproven, 1, "Not proven: the source was not listed"},
		"store":            {audit.Result{Items: 3, AtRisk: 1}, errors.New("disk"), 1, "Not proven"},
		"login":            {audit.Result{Listed: true, Items: 3, Safe: 1, Unknown: 2, Places: place(2, fault.Auth)}, nil, 4, "Not proven safe to cancel: for 2 of 3"},
		"login, and risk":  {audit.Result{Listed: true, Items: 3, AtRisk: 1, Unknown: 2, Places: place(2, fault.Auth)}, nil, 4, "Not safe to cancel: 1 of 3 items (0 B) is at no destination; for 2 more, a destination could not be asked."},
		"quota":            {audit.Result{Listed: true, Items: 3, Unknown: 3, Places: place(3, fault.Quota)}, nil, 5, "Not proven safe"},
		"away":             {audit.Result{Listed: true, Items: 3, Unknown: 3, Places: place(3, fault.State)}, nil, 1, "Not proven safe"},
		"away, but needed": {audit.Result{Listed: true, Items: 3, Safe: 3, Places: place(0, fault.State)}, nil, 0, "Safe to cancel"},
	} {
		var stdout, stderr bytes.Buffer
		a := newApp(nil, &stdout, &stderr, nil)
		v := newAuditView(a, registry.URI{Scheme: "gopro"}, false)
		v.begun = true
		v.notice("it counts one more than it shows")
		if code := exitCode(v.report(&tc.result, tc.err, 0)); code != tc.code {
			t.Errorf("%s: exit code %d, want %d", name, code, tc.code)
		}
		if err := a.stdout.Close(); err != nil || !strings.HasPrefix(stdout.String(), tc.answer) ||
			!strings.Contains(stdout.String(), "\nNote: it counts one more than it shows.\n") {
			t.Errorf("%s: %q, want %q", name, stdout.String(), tc.answer)
		}
	}
}

// TestAuditSaysWhyNotAsked: a destination that was not needed fails nothing, and
// still says why it could not be asked.
func TestAuditSaysWhyNotAsked(t *testing.T) {
	var stdout, stderr bytes.Buffer
	a := newApp(nil, &stdout, &stderr, nil)
	v := newAuditView(a, registry.URI{Scheme: "gopro"}, false)
	v.begun = true
	away := &fault.Error{Class: fault.Session, Code: fault.State, Op: "open the folder /srv/a", Err: errors.New("no such directory")}
	err := v.report(&audit.Result{Listed: true, Items: 3, Safe: 3, Places: []audit.Place{{Name: "folder:/srv/a", Err: away}}}, nil, 0)
	if code := exitCode(err); code != 0 || stderr.Len() > 0 {
		t.Errorf("exit code %d, %q", code, stderr.String())
	}
	want := "folder:/srv/a  0 items found, then it could not be asked, which was not needed: open the folder /srv/a: no such directory\n"
	if err := a.stdout.Close(); err != nil || !strings.Contains(stdout.String(), want) {
		t.Errorf("%q, want %q in it", stdout.String(), want)
	}
}

// TestAuditLines holds the JSON lines to the contract.
func TestAuditLines(t *testing.T) {
	var stdout bytes.Buffer
	a := newApp(nil, &stdout, &bytes.Buffer{}, nil)
	a.print.Format = render.JSON
	v := newAuditView(a, registry.URI{Scheme: "gopro"}, false)
	id := media.ID{Station: "gopro", Medium: "M", Part: 1, Label: "source"}
	for _, it := range []audit.Item{
		{Item: media.Item{ID: id, Name: "safe.MP4", Size: 1}, Status: audit.Safe, At: []string{"gphotos:"}},
		{Item: media.Item{ID: id, Name: "a.MP4", Size: 7}, Status: audit.AtRisk, Reason: "no session has carried it"},
		{Item: media.Item{ID: id, Name: "b.MP4", Size: media.SizeUnknown}, Status: audit.AtRisk},
		{Item: media.Item{ID: id, Name: "c.MP4"}, Status: audit.Unknown},
	} {
		if err := v.item(it); err != nil {
			t.Fatal(err)
		}
	}
	_ = v.report(&audit.Result{Listed: true, Media: 1, Items: 4, Safe: 1, AtRisk: 2, Unknown: 1}, nil, 0)
	if err := a.stdout.Close(); err != nil {
		t.Fatal(err)
	}
	var got []map[string]any
	for line := range strings.Lines(stdout.String()) {
		var members map[string]any
		if err := json.Unmarshal([]byte(line), &members); err != nil {
			t.Fatal(err)
		}
		for _, further := range []string{"status", "reason", "from", "listed", "deep", "bytes_at_risk", "destinations", "requests", "seconds"} {
			delete(members, further)
		}
		got = append(got, members)
	}
	want := []map[string]any{
		{"type": "audit", "key": id.Key(), "name": "a.MP4", "bytes": 7.0, "at": []any{}},
		{"type": "audit", "key": id.Key(), "name": "b.MP4", "bytes": nil, "at": []any{}},
		{"type": "summary", "media": 1.0, "items": 4.0, "safe": 1.0, "at_risk": 2.0, "unknown": 1.0, "exit_code": 7.0},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Each failure names the login of its own profile.
func TestAuditNamesTheLogins(t *testing.T) {
	var stderr bytes.Buffer
	a := newApp(nil, &bytes.Buffer{}, &stderr, nil)
	v := newAuditView(a, registry.URI{Scheme: "gopro"}, false)
	expired := &fault.Error{Class: fault.Session, Code: fault.Auth, Op: "ask", Hint: "run: gondola login google"}
	_ = v.report(&audit.Result{Listed: true, Items: 2, Unknown: 2, Places: []audit.Place{
		{Name: "gphotos@family:", Unknown: 1, Err: expired}, {Name: "gphotos:", Unknown: 1, Err: expired},
	}}, nil, 0)
	for _, command := range []string{"run: gondola login google\n", "run: gondola login google --profile family\n"} {
		if !strings.Contains(stderr.String(), command) {
			t.Errorf("%q is not in %s", command, stderr.String())
		}
	}
}
