package lease

import "golang.org/x/sys/unix"

// boot identifies this machine, or this jail of it; "" if nothing tells.
func boot() string {
	id, err := unix.Sysctl("kern.hostuuid")
	if err != nil || id == "00000000-0000-0000-0000-000000000000" {
		return ""
	}
	return id
}
