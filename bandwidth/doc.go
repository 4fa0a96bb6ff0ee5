// Package bandwidth limits how fast bytes move, by rclone's --bwlimit grammar.
//
// [Parse] reads a limit or a timetable of limits:
//
//	512k                                        512 KiB/s both ways
//	10M:1M                                      10 MiB/s up, 1 MiB/s down
//	10M:off                                     10 MiB/s up, no limit down
//	4000000B                                    4 000 000 bytes/s
//	08:00,512k 12:00,10M 13:00,512k 18:00,off   by the time of day
//	Mon-00:00,512 Fri-23:59,10M Sun-20:00,off   by the time of the week
//
// A number is a rate per second: in KiB without a suffix, in bytes with B, and
// with k, M, G, T or P in binary multiples, which may also be written Ki or
// KiB. Fractions such as 1.5M are accepted. Both off and 0 mean no limit. An
// entry of a timetable holds until the next one; the week goes round.
//
// A [Limiter] then paces one direction, shared by all that use it.
package bandwidth
