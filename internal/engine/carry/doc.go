// Package carry is the second stage of a run: it transfers the bytes of every
// item that awaits it, several at a time, from the source to the destination.
//
// # Retries of one upload
//
// These are all the bounds on repeating one item's transfer, from the inside to
// the outside. Each owner gives up with the last error, which the next one judges.
//
//	owner                    repeats                                        bound
//	gopro (requests)         one API request                                its Retry policy: 6 calls, 15 minutes
//	gopro (addresses)        a refused or expired address is resolved again see package gopro
//	resumable (uploader)     a dropped upload asks for the confirmed offset see package resumable
//	carry: openings          the first opening of an item                   4 openings, 1 minute; while it uploads, 1
//	carry: restarts          the source's bytes changed: begin anew         2 restarts
//	carry: tries             what failed for a passing reason               2 tries in a run, the second after 2 minutes
//	register: retransfers    the destination refuses a receipt              2 in a session, see package register
//	the next run             everything that failed                         none
package carry
