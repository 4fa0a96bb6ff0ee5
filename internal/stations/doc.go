// Package stations is the list of the kinds of stations that the program knows:
// [All]. Each kind is a file that turns flags and credentials into the station
// of its package.
package stations

import "github.com/gondola-sync/gondola/internal/app"

// All returns the registry. The first source and the first destination are what
// a sync without arguments means.
func All() app.Registry {
	return app.Registry{
		goproKind(),
		gphotosKind(),
		folderKind(),
	}
}
