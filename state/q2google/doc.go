// Package q2google reads and writes sessions as q2google keeps them, so that
// either program goes on with what the other one began.
//
// [Codec] is the codec of the stores that both programs share: q2google's
// documents, with what q2google does not know under the key "gondola", which
// q2google loses when it saves. A document without that key is one of q2google.
//
// A store that finds such a document reads the session whole: [Read] says in memory
// how Gondola takes it, and [Session.Adopt] what to write before it is changed.
package q2google
