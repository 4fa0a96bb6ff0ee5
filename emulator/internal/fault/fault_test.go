package fault

import (
	"strings"
	"testing"
)

func TestWhichCallsAFaultHits(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		faults []Fault
		want   string // kinds by initial, one per call; . for none
	}{
		"next call, once":      {[]Fault{{Kind: Status}}, "s...."},
		"third call":           {[]Fault{{Kind: Status, Call: 3}}, "..s.."},
		"second call, twice":   {[]Fault{{Kind: Status, Call: 2, Times: 2}}, ".ss.."},
		"for ever":             {[]Fault{{Kind: Status, Times: -1}}, "sssss"},
		"two of the same call": {[]Fault{{Kind: Status}, {Kind: HTML}}, "sh..."},
		"two of other calls":   {[]Fault{{Kind: Status, Call: 4}, {Kind: HTML, Call: 2}}, ".h.s."},
		"another route":        {[]Fault{{Kind: Status, Route: "cdn.get"}}, "....."},
		"pattern":              {[]Fault{{Kind: Status, Route: "gopro.*", Call: 2}}, ".s..."},
		"path":                 {[]Fault{{Kind: Status, Path: "/media/*", Call: 2}}, ".s..."},
		"another path":         {[]Fault{{Kind: Status, Path: "/media/*/download", Call: 2}}, "....."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var q Queue
			for _, f := range tt.faults {
				q.Add(f)
			}
			var got strings.Builder
			for range 5 {
				if f := q.Take("gopro.search", "/media/search"); f != nil {
					got.WriteByte(f.Kind[0])
				} else {
					got.WriteByte('.')
				}
			}
			if got.String() != tt.want {
				t.Errorf("calls hit: %s, want %s", got.String(), tt.want)
			}
		})
	}
}
