// Package carrying holds Go benchmarks of whole runs of the command against the
// emulator, in one process: for comparing two revisions (scripts/benchdiff) and
// for profiles, not for telling how fast Gondola is. The program in bench does
// that.
package carrying
