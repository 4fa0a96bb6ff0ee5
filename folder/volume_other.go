//go:build !linux

package folder

import "os"

// volume identifies the file system of a directory, as far as the system tells.
func volume(*os.Root) string { return "" }
