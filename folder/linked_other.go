//go:build !unix

package folder

import "io/fs"

// isLinked reports whether a file goes by a second name. Files are renamed here.
func isLinked(fs.FileInfo) bool { return false }
