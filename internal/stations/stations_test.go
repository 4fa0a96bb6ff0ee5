package stations

import (
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gondola-sync/gondola/internal/app"
	"github.com/gondola-sync/gondola/internal/profile"
)

// Every kind can stand in the registry: it can be opened in some way, it has
// credentials if it has profiles, and its flags are its own.
func TestAll(t *testing.T) {
	owner := map[string]string{}
	for _, k := range All() {
		cmd := &cobra.Command{Use: "test"}
		opener := app.Registry{k}.AddFlags(cmd, app.AsSource, app.AsDestination).Of(k.Scheme)
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if owner[f.Name] != "" {
				t.Errorf("--%s belongs to %s and to %s", f.Name, owner[f.Name], k.Scheme)
			}
			owner[f.Name] = k.Scheme
		})
		if _, lists := opener.(app.Lister); !k.IsSource() && !k.IsDestination() && !lists {
			t.Errorf("%s opens nothing", k.Scheme)
		}
		if _, ok := opener.(app.Account); ok != (k.Keys != nil) || ok != (k.Login != "") {
			t.Errorf("%s: an account %t, keys %v, login %q", k.Scheme, ok, k.Keys, k.Login)
		}
		if k.About == "" || profile.CheckName(k.Scheme) != nil {
			t.Errorf("kind %q, about %q", k.Scheme, k.About)
		}
	}
	if sources := All().Filter(app.Kind.IsSource); len(sources) == 0 || sources[0].Scheme != "gopro" {
		t.Errorf("the default source is %v, want gopro", sources)
	}
	if destinations := All().Filter(app.Kind.IsDestination); len(destinations) == 0 || destinations[0].Scheme != "gphotos" {
		t.Errorf("the default destination is %v, want gphotos", destinations)
	}
}
