package lease

import (
	"os"
	"runtime"
	"testing"
)

func TestMachineIsNoName(t *testing.T) {
	if got := machineOf(""); got != "" {
		t.Errorf("a machine that nothing identifies is %q", got)
	}
	if a, b := machineOf("boot 1"), machineOf("boot 2"); a == b || len(a) != 16 {
		t.Errorf("two boots are %q and %q", a, b)
	}
	switch runtime.GOOS {
	case "linux", "darwin", "windows", "freebsd":
		if Machine() == "" {
			host, _ := os.Hostname()
			t.Errorf("nothing identifies this machine, %s", host)
		}
	}
}
