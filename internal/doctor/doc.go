// Package doctor looks at everything a run depends on and says what is wrong
// with it, why that matters and what helps: the clock, the disk, the modes of
// files, the credentials, the services, the stored sessions and their locks.
//
// A [Check] is a value; [Run] runs many side by side, each for a bounded time.
// Nothing is repaired. What a check leaves behind is nothing, with one
// exception: a Google login is proven by a refresh, whose tokens are saved as
// after any other refresh.
package doctor
