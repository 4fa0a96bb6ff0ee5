// Package app is what every front of Gondola starts from: which kinds of stations
// there are, what a station's URI means, how a station and a store are opened, and
// how a run begins.
//
// A URI names the kind of a station, the profile whose credentials open it, and
// what of it is meant: gphotos@family:album/Summer is the album Summer in the
// Google Photos account of the profile family. See [ParseURI].
//
// A [Registry] lists the kinds. A front knows none of them: it asks the registry
// which flags a command gets, which stations there are, and opens them as an
// [Opener] does. A kind that is added to the list appears in every command, and so
// do its flags: see [Registry.AddFlags].
//
// A [Controller] turns a [Request] into a [Job]: it opens both stations and the
// store, takes from a session that is named what the request leaves out, and starts
// the run or plans it. A front adds what it shows.
package app
