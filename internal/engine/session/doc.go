// Package session opens the session that a question names or derives, and is the
// one door of a run to what is stored of it.
//
// A [Question] says what is to be carried; a stored session answers one. [Open]
// refuses a session that answers another question, belongs to another account or
// origin, or must not be changed.
package session
