// Package q2google reads and writes sessions as q2google keeps them, so that
// either program goes on with what the other one began.
//
// [Codec] is the codec of the stores that both programs share: q2google's
// documents, with what q2google does not know under the key "gondola", which
// q2google loses when it saves. A document without that key is one of q2google.
//
// What q2google says of an item is not always so: [Evidence] corrects it by the
// answers that its batches hold.
package q2google
