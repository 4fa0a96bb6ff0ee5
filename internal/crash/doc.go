// Package crash ends work in the middle, for tests of what is left behind: at the
// nth change of a store (Countdown, Each), or by killing a process at a moment that
// a test chooses (Process, Child).
package crash
