package folder

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// volume identifies the file system of a directory, "" if that is unknown.
func volume(root *os.Root) string {
	dir, err := root.Open(".")
	if err != nil {
		return ""
	}
	defer dir.Close()
	var stat unix.Statfs_t
	if unix.Fstatfs(int(dir.Fd()), &stat) != nil {
		return ""
	}
	return fmt.Sprint(stat.Fsid.Val)
}
