package jsondir

import (
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/driver"
)

// Watch lets a test see each change of the disk before it is made, and refuse
// it.
func Watch(b state.Backend, watch func(op, name string) error) { b.(*Backend).db.watch = watch }

// Used returns the sessions in use by directory.
func (b *Backend) Used() map[string]*session { return b.db.sessions }

// SetJournalSize sets after how many bytes a journal is full.
func SetJournalSize(b *Backend, bytes int64) { b.db.journalSize = bytes }

// Driver returns the driver below the rules of all stores.
func Driver(b state.Backend) driver.Store { return b.(*Backend).db }
