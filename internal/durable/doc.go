// Package durable replaces small files so that a crash leaves the old content
// or the new one, on the disk and under the file's own name.
//
// A new content is written to a temporary file in the same directory, synced,
// renamed, and the directory is synced. A symbolic link stays one: the file that
// it names is replaced. The file is readable by its owner only. What killed
// writes of the same file left behind is removed.
//
// Some files cannot be renamed over: one that is a mount of its own in a
// container, or one in a directory that this user may not write. They are
// overwritten in place, the only case in which a crash may leave a part.
package durable
