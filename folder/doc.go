// Package folder makes a directory a station: photos and videos are carried into
// it, laid out by a template.
//
// # What lies where
//
// A file appears under its final name when all of its bytes are on the disk and
// match their length and SHA-256. Until then it is a partial file, from which an
// interrupted upload goes on. Nothing that lies under a name is ever overwritten: of
// two files that would bear one name, compared case-folded and in NFC, the second
// gets a mark that depends on its identity alone.
//
// The directory .gondola in the folder holds what the folder knows of itself:
//
//	folder.json     its id, the name of the [station.Destination]'s account
//	manifest.jsonl  a line for each file: see [Entry]
//	SHA256SUMS      for sha256sum -c
//	partial         files that are not whole yet
//	lock            held by the process that writes
//
// The manifest is the folder's ledger: what it lists and the disk holds is not
// carried again, whatever became of the sessions. [Verify] holds the disk against
// it.
//
// # Sidecars
//
// A folder that is asked to (see [DestinationOptions]) keeps what the source knows of
// an item beside its file, as XMP or JSON. A sidecar that is there is never replaced,
// and is not in SHA256SUMS: it may be edited. A folder as a source passes on those that
// it finds.
//
// # File systems
//
// Names are safe for all common file systems. What the one at hand takes, [Probe] finds
// out.
package folder
