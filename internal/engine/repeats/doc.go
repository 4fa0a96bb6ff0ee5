// Package repeats notices files of one medium that have the same bytes.
package repeats
