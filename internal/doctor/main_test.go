package doctor

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// only returns the one finding, or fails.
func only(t *testing.T, findings []Finding) Finding {
	t.Helper()
	if len(findings) != 1 {
		t.Fatalf("%d findings, want one: %+v", len(findings), findings)
	}
	return findings[0]
}

// at runs a check and returns its findings of a level.
func at(t *testing.T, level Level, c Check) (found []Finding) {
	t.Helper()
	for _, f := range c.Run(t.Context()) {
		if f.Level == level {
			found = append(found, f)
		}
		if f.What == "" || f.Level != OK && f.Level != Note && (f.Why == "" || f.Remedy == "") {
			t.Errorf("a finding without what, why or remedy: %+v", f)
		}
	}
	return found
}
