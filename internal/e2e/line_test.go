package e2e

import (
	"os"
	"testing"

	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/internal/e2e/rig"
	"github.com/gondola-sync/gondola/internal/pgserver"
)

func TestMain(m *testing.M) { os.Exit(rig.Main(pgserver.Wrap(m))) }

// line is a line with what the tests of this package need besides.
type line struct{ *rig.Line }

func newLine(t *testing.T, o emulator.Options) *line {
	t.Helper()
	return &line{rig.New(t, o)}
}
