package postgres

// Watch lets a test see each changing statement before it is queued, "commit"
// before and "committed" after each commit, and refuse it.
func (b *Backend) Watch(watch func(sql string, args []any) error) { b.db.watch.Store(&watch) }

// Version is that of the schema this program knows.
var Version = newest

// Configure reads a URI.
var Configure = configure

// CheckOwnPassword reads a URI and returns an error if its password is not in it.
func CheckOwnPassword(uri string) error {
	config, err := configure(uri)
	if err != nil {
		return err
	}
	return checkOwnPassword(uri, config)
}

// KeepInJournals sets how many entries of a journal are kept.
func KeepInJournals(b *Backend, n int64) { b.db.KeepInJournals(n) }
