package station

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

func TestCredentialsAreNotLogged(t *testing.T) {
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x",
		"checkpoint", Checkpoint{Resume: []byte(`{"url": "https://up/SECRET"}`), HashState: []byte("SECRET"), Size: 7},
		"receipt", Receipt{Token: "SECRET", Size: 8})
	if s := out.String(); strings.Contains(s, "SECRET") || !strings.Contains(s, `"size":7`) || !strings.Contains(s, `"size":8`) {
		t.Errorf("logged %s", s)
	}
}
