//go:build darwin || freebsd

package lease

import (
	"errors"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

func alive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}

// boot identifies this boot of macOS, or this machine, or jail, of FreeBSD; "" if
// it is not known.
func boot() string {
	name := "kern.bootsessionuuid"
	if runtime.GOOS == "freebsd" {
		name = "kern.hostuuid"
	}
	id, err := unix.Sysctl(name)
	if err != nil || id == "00000000-0000-0000-0000-000000000000" {
		return ""
	}
	return id
}
