package durable

import "os"

const closeFirst = true // an open file cannot be renamed

// lock does nothing: a file that is open cannot be removed.
func lock(*os.File) {}

// abandoned reports whether no process has the file open: only then can it be
// renamed, here to its own name.
func abandoned(name string) bool { return os.Rename(name, name) == nil }
