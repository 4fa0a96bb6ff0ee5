package app_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/internal/app"
	"github.com/gondola-sync/gondola/internal/config"
	"github.com/gondola-sync/gondola/internal/profile"
	"github.com/gondola-sync/gondola/internal/stations"
	"github.com/gondola-sync/gondola/internal/stores"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/progress"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/station"
)

// photo is the least file that passes for a photo.
const photo = "\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00\xff\xd9"

// controller returns one with a store in a directory, and a folder with a photo.
func controller(t *testing.T) (c *app.Controller, from string) {
	t.Helper()
	home := t.TempDir()
	from = filepath.Join(home, "from")
	if err := os.Mkdir(from, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(from, "a.jpg"), []byte(photo), 0o600); err != nil {
		t.Fatal(err)
	}
	sources, err := config.Load([]string{"HOME=" + home}, home, "")
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	profiles, err := profile.Open(sources, stations.All().Services(), profile.Options{Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	env := &app.Env{
		Sources: sources, Profiles: profiles, Log: log,
		Learn: func(string) {}, Note: func(string) {}, Use: func(profile.ID) {},
	}
	return &app.Controller{Kinds: stations.All(), Openers: stations.All().Openers(), Env: env, Store: stores.Directory(filepath.Join(home, "state"))}, from
}

// set makes a controller open stations with these flags of a sync's command line.
func set(t *testing.T, c *app.Controller, args ...string) {
	t.Helper()
	cmd := &cobra.Command{}
	c.Openers = c.Kinds.AddFlags(cmd, app.AsSource, app.AsDestination)
	if err := cmd.ParseFlags(args); err != nil {
		t.Fatal(err)
	}
	c.Env.Origins = config.Origins{}
	cmd.Flags().Visit(func(f *pflag.Flag) { c.Env.Origins[f.Name] = config.Flag })
}

// do runs a request to its end and returns its job.
func do(t *testing.T, c *app.Controller, r app.Request) (*app.Job, *gondola.Summary) {
	t.Helper()
	job := c.Job(r)
	if err := job.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = job.Close() })
	run, err := job.Start(t.Context(), new(progress.Bus))
	if err != nil {
		t.Fatal(err)
	}
	summary, err := run.Wait()
	if err != nil {
		t.Fatal(err)
	}
	return job, summary
}

// TestJobRuns carries a file; the same request has the same session and carries
// nothing again.
func TestJobRuns(t *testing.T) {
	c, from := controller(t)
	set(t, c, "--layout", "{name}")
	r := app.Request{From: from, To: t.TempDir()}
	job, first := do(t, c, r)
	if first.Items.Outcomes[state.OutcomeCreated] != 1 || job.SessionID != first.SessionID {
		t.Errorf("job of session %s: %+v", job.SessionID, first)
	}
	if _, err := os.Stat(filepath.Join(r.To, "a.jpg")); err != nil {
		t.Error(err)
	}
	if _, again := do(t, c, r); again.SessionID != first.SessionID || again.Moved.Uploaded != 0 {
		t.Errorf("the second run: %+v", again)
	}
}

// TestNamedSessionKeepsStationsAndLayout: what a request leaves out, the session
// that it names says.
func TestNamedSessionKeepsStationsAndLayout(t *testing.T) {
	c, from := controller(t)
	to := t.TempDir()
	set(t, c, "--layout", "kept/{name}")
	do(t, c, app.Request{From: from, To: to, SessionID: "s"})
	set(t, c)
	if err := os.WriteFile(filepath.Join(from, "b.jpg"), []byte(photo+"b"), 0o600); err != nil {
		t.Fatal(err)
	}
	job, summary := do(t, c, app.Request{From: "gopro:", To: "gphotos:", AnyRoute: true, SessionID: "s"})
	if job.From != "folder:"+from && job.From != from || summary.Items.Outcomes[state.OutcomeCreated] != 2 {
		t.Errorf("from %s: %+v", job.From, summary)
	}
	if _, err := os.Stat(filepath.Join(to, "kept", "b.jpg")); err != nil {
		t.Error(err)
	}
}

// heap opens directories that lay nothing out.
type heap struct{ folder *stations.Folder }

func (heap) AddFlags(*cobra.Command)               {}
func (h heap) Refuse(it media.Item) *media.Refusal { return h.folder.Refuse(it) }

func (h heap) Destination(ctx context.Context, e *app.Env, uri app.URI, o app.DestinationOptions) (*app.OpenDestination, error) {
	d, err := h.folder.Destination(ctx, e, uri, o)
	if err != nil {
		return nil, err
	}
	return &app.OpenDestination{Destination: struct{ station.Destination }{d.Destination}}, nil
}

// TestOtherStationsKeepNoLayout: a session that is named with other stations is
// another question, whatever its layout.
func TestOtherStationsKeepNoLayout(t *testing.T) {
	c, from := controller(t)
	c.Kinds = append(c.Kinds, app.Kind{Scheme: "heap", About: "a heap", Paths: true, New: func() app.Opener { return heap{new(stations.Folder)} }})
	set(t, c, "--layout", "kept/{name}")
	do(t, c, app.Request{From: from, To: t.TempDir(), SessionID: "s"})
	set(t, c)
	job := c.Job(app.Request{From: from, To: "heap:" + t.TempDir(), SessionID: "s"})
	defer job.Close()
	if err := job.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	run, err := job.Start(t.Context(), new(progress.Bus))
	if err == nil {
		_, err = run.Wait()
	}
	if !errors.Is(err, gondola.ErrOtherQuestion) {
		t.Errorf("err = %v", err)
	}
}

// TestUnchangedJobMakesNoStore: a plan leaves nothing behind.
func TestUnchangedJobMakesNoStore(t *testing.T) {
	c, from := controller(t)
	job := c.Job(app.Request{From: from, To: t.TempDir(), Unchanged: true})
	if err := job.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	planned := 0
	plan, err := job.Plan(t.Context(), new(progress.Bus), func(gondola.PlannedItem) error { planned++; return nil })
	if err != nil || plan.Items != 1 || planned != 1 {
		t.Errorf("plan %+v, %d items, %v", plan, planned, err)
	}
	if err == nil && plan.Account != "" {
		t.Errorf("the plan names the account %s of a folder that has none yet", plan.Account)
	}
	if err := job.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(from), "state")); !os.IsNotExist(err) {
		t.Errorf("the plan made a store: %v", err)
	}
}

// TestAPlanNamesTheAccountOfARun: once a folder has an account, its plan names it.
func TestAPlanNamesTheAccountOfARun(t *testing.T) {
	c, from := controller(t)
	to := t.TempDir()
	_, summary := do(t, c, app.Request{From: from, To: to})
	job := c.Job(app.Request{From: from, To: to, Unchanged: true})
	defer job.Close()
	if err := job.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	plan, err := job.Plan(t.Context(), new(progress.Bus), func(gondola.PlannedItem) error { return nil })
	if err != nil || plan.Account == "" || plan.Account != summary.Account {
		t.Errorf("plan %+v, %v; the run's account is %s", plan, err, summary.Account)
	}
}

// TestProfilesHaveSessionsOfTheirOwn: the same window of two profiles is two
// sessions, in each direction.
func TestProfilesHaveSessionsOfTheirOwn(t *testing.T) {
	c, _ := controller(t)
	ids := map[string]string{}
	for _, route := range [][2]string{
		{"gopro:", "gphotos:"}, {"gopro@anna:", "gphotos:"}, {"gopro@ben:", "gphotos:"},
		{"gopro:", "gphotos@family:"}, {"gopro@anna:", "gphotos@family:"}, {"gopro@ben:", "gphotos@family:"},
	} {
		id := c.Job(app.Request{From: route[0], To: route[1]}).SessionID
		if other, taken := ids[id]; taken {
			t.Errorf("%v and %s are both session %s", route, other, id)
		}
		ids[id] = strings.Join(route[:], " to ")
	}
}
