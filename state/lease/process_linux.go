package lease

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// alive reports whether there is such a process. One that has ended and waits
// for its parent to notice, a zombie, is dead: where no parent does, as in many
// containers, it stays for ever.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist)
	}
	// "PID (name) state …"; the name may hold anything.
	_, after, _ := bytes.Cut(stat[bytes.LastIndexByte(stat, ')')+1:], []byte(" "))
	return len(after) == 0 || after[0] != 'Z' && after[0] != 'X'
}

// boot identifies this boot of the machine and the container within it; "" if
// it is not known.
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
