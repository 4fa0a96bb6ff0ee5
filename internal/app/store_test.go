package app_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/app"
	"github.com/gondola-sync/gondola/internal/config"
	"github.com/gondola-sync/gondola/state"
)

// TestStoreURI: the stronger of the two settings counts, and two flags are too many.
func TestStoreURI(t *testing.T) {
	for name, tc := range map[string]struct {
		settings app.StoreSettings
		origins  config.Origins
		want     string // "" for a usage error
	}{
		"a directory":          {app.StoreSettings{Dir: "/d"}, config.Origins{"state-dir": config.Flag}, "jsondir:/d"},
		"a URI":                {app.StoreSettings{URI: "sqlite:/x"}, config.Origins{"state": config.File}, "sqlite:/x"},
		"the flag counts more": {app.StoreSettings{URI: "sqlite:/x", Dir: "/d"}, config.Origins{"state": config.File, "state-dir": config.Flag}, "jsondir:/d"},
		"a URI counts more":    {app.StoreSettings{URI: "sqlite:/x", Dir: "/d"}, config.Origins{"state": config.File, "state-dir": config.File}, "sqlite:/x"},
		"both flags":           {app.StoreSettings{URI: "sqlite:/x", Dir: "/d"}, config.Origins{"state": config.Flag, "state-dir": config.Flag}, ""},
		"a URI as directory":   {app.StoreSettings{Dir: "postgres://h/d"}, config.Origins{"state-dir": config.Flag}, ""},
	} {
		e := &app.Env{Origins: tc.origins}
		got, err := e.StoreURI(tc.settings)
		if _, usage := errors.AsType[*config.UsageError](err); got != tc.want || usage != (tc.want == "") {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// TestMalformedStore: a URI that makes no sense is a usage error that keeps its
// hint, and names .env if that is where it stands.
func TestMalformedStore(t *testing.T) {
	e := &app.Env{DotEnvStore: "sessions", Learn: func(string) {}}
	_, opened := e.OpenStore(t.Context(), "sessions", app.Looking)
	for what, err := range map[string]error{"check": e.CheckStore("sessions"), "open": opened} {
		_, usage := errors.AsType[*config.UsageError](err)
		if !usage || !errors.Is(err, state.ErrURI) || !strings.Contains(fault.HintOf(err), "jsondir:sessions") || !strings.HasPrefix(err.Error(), "the store that .env names") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := e.CheckStore("other"); strings.Contains(err.Error(), ".env") {
		t.Errorf("%v", err)
	}
}
