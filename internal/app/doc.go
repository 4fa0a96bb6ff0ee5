// Package app is what every front of Gondola starts from: which stations there
// are, and what a station's URI means.
//
// A URI names the kind of a station, the profile whose credentials open it, and
// what of it is meant: gphotos@family:album/Summer is the album Summer in the
// Google Photos account of the profile family. See [ParseURI].
package app
