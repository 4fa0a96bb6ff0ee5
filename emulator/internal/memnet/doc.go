// Package memnet is a network inside the process: a listener that is dialled
// without sockets, and connections with buffers, deadlines and resets as those of
// TCP. Its waits count as idle in a testing/synctest bubble.
package memnet
