// Package sessioncopy copies a session from one store into another and proves
// the copy: a digest over all its documents, taken from the original as it
// passes, has to be that of what is read back.
//
// A copy that breaks off at any moment, kill -9 included, is marked as not
// whole: it is not taken for a session, and copying again begins it anew. Items
// pass in pieces, so that memory does not grow with the session.
package sessioncopy
