// Package photosclient holds no code, only tests: a client of Google Photos that
// does not belong to this project works against the emulator. It is a module of its own, so
// that Gondola does not depend on that client.
package photosclient
