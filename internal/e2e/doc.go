// Package e2e tests Gondola from end to end: the real binary against the
// emulator on real sockets. It holds no code but tests.
package e2e
