package cli

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	registry "github.com/gondola-sync/gondola/internal/app"
	"github.com/gondola-sync/gondola/station"
)

// toy opens a source with a flag and without an account.
type toy struct{}

func (toy) AddFlags(cmd *cobra.Command) { cmd.Flags().String("toy-size", "", "") }

func (toy) Source(context.Context, *registry.Env, registry.URI, registry.SourceOptions) (station.Source, error) {
	return nil, nil
}

// TestFlagsOfAStationAppearWhereItCanBeUsed: a kind that is added to the list gets
// its flags on the commands that open such a station, and on no other.
func TestFlagsOfAStationAppearWhereItCanBeUsed(t *testing.T) {
	all := known
	defer func() { known = all }()
	known = append(slices.Clip(known), registry.Kind{Scheme: "toy", About: "a toy", New: func() registry.Opener { return toy{} }})
	root := newRoot(newApp(nil, io.Discard, io.Discard, nil))
	for command, want := range map[string]bool{
		"sync": true, "ls": true, "audit": true,
		"verify": false, "doctor": false, "login status": false, "login gopro": false, "status": false, "sessions list": false, "demo": false,
	} {
		cmd, _, err := root.Find(strings.Fields(command))
		if err != nil || cmd.CommandPath() != "gondola "+command {
			t.Fatalf("%s: %v, %v", command, cmd.CommandPath(), err)
		}
		if got := cmd.Flags().Lookup("toy-size") != nil; got != want {
			t.Errorf("%s has the flag of a source: %v, want %v", command, got, want)
		}
	}
}
