package lease

import "golang.org/x/sys/unix"

// boot identifies this boot of the machine; "" if nothing tells.
func boot() string {
	id, err := unix.Sysctl("kern.bootsessionuuid")
	if err != nil {
		return ""
	}
	return id
}
