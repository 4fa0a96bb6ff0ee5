// Package cli is the gondola command: flags in, exit code out.
//
// There is one file per command. A command returns an error; what it means for
// the exit code is decided in one place, exit.go. Results go to standard output
// in one of three formats; messages to the user go to standard error.
package cli
