// Package route serves the calls of all emulated services: each has a name, by
// which it is recorded and by which faults hit it, and a role, which is the host
// that it belongs to. Faults that any call knows, such as a status, a cut or a
// stall, are made here; the others are passed to the handler.
package route
