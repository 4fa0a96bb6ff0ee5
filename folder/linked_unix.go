//go:build unix

package folder

import (
	"io/fs"
	"syscall"
)

// isLinked reports whether a file goes by a second name.
func isLinked(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && stat.Nlink > 1
}
