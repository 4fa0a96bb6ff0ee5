// Package rig sets up what tests from end to end need: the real binary, built
// once, an emulated GoPro cloud and an emulated Google Photos on real sockets,
// and a machine with a home of its own between them.
package rig
