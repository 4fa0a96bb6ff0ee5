package limittest

import (
	"strings"
	"testing"
)

// Fuzz looks for a text that, repeated until a body has limit bytes, makes one of
// the decoders take more than four times the limit. The templates are those of
// [Bodies]. With the race detector, the fuzz test is skipped, as in [Check].
func Fuzz(f *testing.F, limit int, decoders []func([]byte), templates ...string) {
	if race {
		f.Skip("memory is measured without the race detector")
	}
	for _, template := range templates {
		before, after, _ := strings.Cut(template, "@")
		for _, element := range smallest {
			f.Add(before, element+",", element+after)
		}
	}
	f.Fuzz(func(t *testing.T, before, unit, after string) {
		times := (limit - len(before) - len(after)) / max(len(unit), 1)
		if unit == "" || times < 1 {
			return
		}
		body := []byte(before + strings.Repeat(unit, times) + after)
		for i, decode := range decoders {
			if peak := Peak(func() { decode(body) }); peak > uint64(3*limit)+Slack {
				t.Errorf("decoder %d: %d bytes of memory for a body of %d bytes of %q", i, peak+uint64(limit), limit, unit)
			}
		}
	})
}
