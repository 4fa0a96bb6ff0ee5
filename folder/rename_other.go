//go:build !linux

package folder

import "os"

// rename gives a file another name, unless something bears it: then it fails with
// [fs.ErrExist].
func rename(root *os.Root, from, to string) error { return link(root, from, to) }
