package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	registry "github.com/gondola-sync/gondola/internal/app"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/station"
)

// toy is a kind of station that this package does not know, with flags of its own.
// What it is opened as, and with which values, is noted in opened.
type toy struct {
	size        int
	pick, shape string
	opened      *string
}

func (y *toy) AddFlags(cmd *cobra.Command) { cmd.Flags().IntVar(&y.size, "toy-size", 1, "") }

func (y *toy) AddSourceFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&y.pick, "toy-pick", "any", "")
}

func (y *toy) AddDestinationFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&y.shape, "toy-shape", "round", "")
}

var errToy = errors.New("a toy holds nothing")

func (y *toy) Source(context.Context, *registry.Env, registry.URI, registry.SourceOptions) (station.Source, error) {
	*y.opened = fmt.Sprintf("source, size %d, pick %s", y.size, y.pick)
	return nil, errToy
}

func (y *toy) Destination(context.Context, *registry.Env, registry.URI, registry.DestinationOptions) (*registry.OpenDestination, error) {
	*y.opened = fmt.Sprintf("destination, size %d, shape %s", y.size, y.shape)
	return nil, errToy
}

func (*toy) Refuse(media.Item) *media.Refusal { return nil }

// withToys adds toys to the kinds of stations until the test ends.
func withToys(t *testing.T) (opened *string) {
	t.Helper()
	all := known
	t.Cleanup(func() { known = all })
	opened = new(string)
	known = append(slices.Clip(known), registry.Kind{Scheme: "toy", About: "a toy", Meters: []string{"toy_calls"}, New: func() registry.Opener { return &toy{opened: opened} }})
	return opened
}

// TestFlagsOfAStationAppearWhereItCanBeUsed: a kind that is added to the list gets
// its flags on the commands that open such a station, those of a source where it is
// listed, those of a destination where it is carried to, and on no other.
func TestFlagsOfAStationAppearWhereItCanBeUsed(t *testing.T) {
	withToys(t)
	root := newRoot(newApp(nil, io.Discard, io.Discard, nil))
	flags := []string{"toy-size", "toy-pick", "toy-shape"}
	for command, want := range map[string]string{
		"sync": "toy-size toy-pick toy-shape", "ls": "toy-size toy-pick", "audit": "toy-size toy-pick", "verify": "toy-size",
		"doctor": "", "login status": "", "login gopro": "", "status": "", "sessions list": "", "demo": "",
	} {
		cmd, _, err := root.Find(strings.Fields(command))
		if err != nil || cmd.CommandPath() != "gondola "+command {
			t.Fatalf("%s: %v, %v", command, cmd.CommandPath(), err)
		}
		var got []string
		for _, name := range flags {
			if cmd.Flags().Lookup(name) != nil {
				got = append(got, name)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s has the flags %q, want %q", command, got, want)
		}
	}
}

// TestSummaryCountsTheRequestsOfAllStations: also those that a run did not send.
func TestSummaryCountsTheRequestsOfAllStations(t *testing.T) {
	withToys(t)
	line := report{from: defaultFrom, to: defaultTo}.line(func(text string) string { return text })
	want := map[string]int64{"gopro": 0, "cdn": 0, "gphotos_json": 0, "gphotos_upload": 0, "toy_calls": 0}
	if !maps.Equal(line.Requests, want) {
		t.Errorf("requests %v, want %v", line.Requests, want)
	}
}

// TestFlagsOfAStationAreItsOwn: a station is opened with the values of its flags,
// from wherever a flag is set. One on the command line that the stations of the
// command do not have is refused before anything is opened.
func TestFlagsOfAStationAreItsOwn(t *testing.T) {
	opened := withToys(t)
	home, folder := t.TempDir(), t.TempDir()
	config := filepath.Join(home, "config.toml")
	if err := os.WriteFile(config, []byte("toy-shape = 'flat'\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const refused, leaveOut = exitUsage, "; leave it out"
	for _, tc := range []struct {
		args    string // of gondola
		setting string // in the environment
		code    int
		want    string // how a toy was opened, or what is written
	}{
		{"sync toy: FOLDER --toy-size 3 --toy-pick red", "", exitFailed, "source, size 3, pick red"},
		{"sync FOLDER toy: --toy-size 3 --toy-shape flat", "", exitFailed, "destination, size 3, shape flat"},
		{"sync FOLDER toy:", "", exitFailed, "destination, size 1, shape round"},
		{"sync FOLDER toy:", "GONDOLA_TOY_SHAPE=long", exitFailed, "destination, size 1, shape long"},
		{"sync FOLDER toy: --config CONFIG", "", exitFailed, "destination, size 1, shape flat"},
		{"ls toy: --toy-pick red", "", exitFailed, "source, size 1, pick red"},
		{"audit toy: --toy-pick red --state sqlite:STORE", "", exitFailed, "source, size 1, pick red"},
		{"sync FOLDER gphotos: --toy-shape flat", "", refused, "--toy-shape is a flag of toy: as the destination, and the destination is gphotos:" + leaveOut},
		{"sync gopro: toy: --toy-pick red", "", refused, "--toy-pick is a flag of toy: as the source, and the source is gopro:" + leaveOut},
		{"sync toy: FOLDER --toy-shape flat", "", refused, "--toy-shape is a flag of toy: as the destination, and the destination is folder:FOLDER" + leaveOut},
		{"sync toy: gphotos: --sidecar xmp", "", refused, "--sidecar is a flag of folder: as the destination, and the destination is gphotos:" + leaveOut},
		{"ls gphotos: --toy-pick red", "", refused, "--toy-pick is a flag of toy: as the source, and the source is gphotos:" + leaveOut},
		{"sync toy: gphotos: --sidecar none", "", exitFailed, "source, size 1, pick any"},
		{"sync toy: gphotos:", "GONDOLA_SIDECAR=xmp", exitFailed, "source, size 1, pick any"},
	} {
		places := strings.NewReplacer("FOLDER", folder, "CONFIG", config, "STORE", filepath.Join(home, "s.db"))
		var stderr bytes.Buffer
		*opened = ""
		code := Run(t.Context(), strings.Fields(places.Replace(tc.args)), strings.NewReader(""), io.Discard, &stderr, []string{"HOME=" + home, tc.setting})
		got := *opened
		if tc.code == refused && got == "" {
			got = stderr.String()
		}
		if code != tc.code || !strings.Contains(got, places.Replace(tc.want)) {
			t.Errorf("gondola %s %s: exit code %d, %q, want %d, %q", tc.args, tc.setting, code, got+stderr.String(), tc.code, tc.want)
		}
	}
}
