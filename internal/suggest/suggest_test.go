package suggest_test

import (
	"testing"

	"github.com/gondola-sync/gondola/internal/suggest"
)

func TestNearest(t *testing.T) {
	known := []string{"photo", "video", "TimeLapse", "TimeLapseVideo"}
	for word, want := range map[string]string{
		"vidoe":     "video",
		"VIDOE":     "video",
		"vdieo":     "video",
		"photos":    "photo",
		"timelaps":  "TimeLapse",
		"timelapze": "TimeLapse",
		"burst":     "",
		"":          "",
		"x":         "",
		"phöto":     "photo",
	} {
		if got := suggest.Nearest(word, known...); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", word, got, want)
		}
	}
	if got := suggest.DidYouMean("vidoe", known...); got != "; did you mean video?" {
		t.Errorf("DidYouMean = %q", got)
	}
	if got := suggest.DidYouMean("burst", known...); got != "" {
		t.Errorf("DidYouMean of a word that is far = %q", got)
	}
}
