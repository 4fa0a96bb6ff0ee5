package q2google_test

import (
	"testing"

	"github.com/gondola-sync/gondola/state/q2google"
	"github.com/gondola-sync/gondola/state/statetest"
)

func TestCodecKeepsEveryField(t *testing.T) { statetest.Codec(t, q2google.Codec{}) }
