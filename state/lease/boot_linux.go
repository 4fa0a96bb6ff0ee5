package lease

import (
	"os"
	"strings"
)

// boot identifies this boot of the machine and the container within it; "" if
// nothing tells.
func boot() string {
	id, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	space, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(id)) + "\n" + space
}
