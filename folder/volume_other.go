//go:build !linux

package folder

import "os"

// volume identifies the file system of a directory, which is unknown here.
func volume(*os.Root) string { return "" }
