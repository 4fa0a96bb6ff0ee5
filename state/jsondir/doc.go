// Package jsondir keeps sessions in a directory of JSON files: q2google's
// format, both ways.
//
//	<root>/<session>/meta.json            the header
//	<root>/<session>/items/<name>.json    one file per item
//	<root>/<session>/batches/<n>.json     one file per create call
//	<root>/<session>/lock                 held while a process runs the session
//	<root>/..gondola/ledger.jsonl         what is already at which destination
//
// Every change is one file, written beside its place, synced and renamed over
// it; directories are 0700 and files 0600. No session id maps to "..gondola",
// since [SafeName] leaves no two dots side by side.
//
// A session that q2google wrote is read as it is. The first change that Gondola
// makes to it rewrites it once: each item with what the stored answers say of
// it (see [q2google.Read]), finished batches under numbers that q2google does
// not count to, and a flat file of q2google's first releases as a directory,
// the flat file being renamed to end in ".json.migrated".
package jsondir
