package jsondir

import "github.com/gondola-sync/gondola/state"

// Watch lets a test see each change of the disk before it is made, and refuse
// it.
func Watch(b state.Backend, watch func(op, name string) error) { b.(*Backend).watch = watch }
