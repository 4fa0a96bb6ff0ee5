// Package backendsuite tests from end to end that a kind of store keeps the
// promise: the real binary against the emulator, with its sessions in that
// store, is killed, interrupted, refused and disturbed, and carries every file
// exactly once all the same.
//
// The main module runs it on the stores that need no more than what is
// installed; modules under internal/test run it on others.
package backendsuite
