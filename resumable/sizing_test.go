package resumable

import (
	"testing"
	"time"
)

func TestPlanner(t *testing.T) {
	p := newPlanner(Sizing{}.withDefaults())
	const unit = 256 << 10
	if n := p.length(1<<40, unit); n != 16*mib {
		t.Errorf("first segment of %d bytes", n)
	}
	for range 10 { // 100 MB/s
		n := p.length(1<<50, unit)
		p.sent(n, time.Duration(float64(n)/100e6*float64(time.Second)))
	}
	if n := p.length(1<<50, unit); n != 1<<30 {
		t.Errorf("segment of %d bytes on a fast line, want the maximum", n)
	}
	for range 10 { // 1 MB/s
		n := p.length(1<<50, unit)
		p.sent(n, time.Duration(float64(n)/1e6*float64(time.Second)))
	}
	if n := p.length(1<<50, unit); n < 19e6 || n > 20e6 || n%unit != 0 {
		t.Errorf("segment of %d bytes at 1 MB/s, want 20 s worth", n)
	}
	for range 10 {
		p.failed()
	}
	if n := p.length(1<<50, unit); n != 8*mib {
		t.Errorf("segment of %d bytes on a bad line, want the minimum", n)
	}
}
