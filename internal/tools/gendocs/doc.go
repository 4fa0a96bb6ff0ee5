// Command gendocs writes the reference pages that follow from the command
// itself: one page per command in docs/cli, and docs/environment.md.
//
//	go run ./internal/tools/gendocs          # write them
//	go run ./internal/tools/gendocs -check   # fail if they are not current
package main
