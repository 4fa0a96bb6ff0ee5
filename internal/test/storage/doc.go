// Package storage holds no code, only tests: package resumable against servers of
// Cloud Storage's protocol from other projects, and beside Google's own client.
// It is a module of its own, so that Gondola does not depend on them.
package storage
