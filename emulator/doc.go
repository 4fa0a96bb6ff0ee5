// Package emulator is the GoPro cloud, its CDN, Google OAuth and Google Photos,
// as a Go value and as a server.
//
// It is made from what is known about the real services and imports nothing of
// Gondola's own, so that a client and the emulator cannot share a
// misunderstanding. It is strict: what the real services refuse, it refuses, and
// where they are known to misbehave it does so on request.
//
//	e, err := emulator.New(emulator.Options{Library: emulator.Demo()})
//	client := e.Client() // reaches api.gopro.com and the others inside the process
//
// [Emulator.Client] runs real HTTP over connections inside the process and works
// in a testing/synctest bubble; [Emulator.Listen] serves the same on loopback
// sockets. [Emulator.Clock] is put forward to let tokens and URLs expire,
// [Emulator.Faults] makes the nth call of a route go wrong, and [Emulator.Log]
// remembers what was asked. Package emulator/sample makes what a GoPro account
// holds; the services are packages below emulator/internal.
package emulator
