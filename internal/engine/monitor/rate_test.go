package monitor

import (
	"testing"
	"time"
)

func TestRate(t *testing.T) {
	var r rate
	now := time.Unix(0, 0)
	for i := range 30 {
		r.add(now, int64(i)*100)
		now = now.Add(time.Second)
	}
	if r.perSecond < 99.9 || r.perSecond > 100.1 {
		t.Errorf("steady rate %v, want 100", r.perSecond)
	}
	for range 12 {
		r.add(now, 2900)
		now = now.Add(time.Second)
	}
	if r.perSecond != 0 {
		t.Errorf("rate after a standstill %v, want 0", r.perSecond)
	}
	if len(r.samples) > 13 {
		t.Errorf("%d samples are kept", len(r.samples))
	}
}
