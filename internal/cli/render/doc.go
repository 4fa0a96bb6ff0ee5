// Package render prints results. What a command prints is data first, a [Result] or
// the [Row] of a [Table]; a [Printer] prints it as text, as JSON lines or as TSV.
package render
