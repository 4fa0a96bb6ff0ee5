// Chaos kills the real gondola binary at random moments, starts it again until
// it says that everything is there, and then proves from the side of the
// emulated services that it is: every file once, byte for byte, and nothing else.
//
//	go run ./internal/chaos -kills 1000
//
// A session's files, options and kill moments follow from -seed and its number.
// Where a moment falls within the command's work depends on the machine as well,
// so a seed brings a failure back nearly, not exactly.
package main
