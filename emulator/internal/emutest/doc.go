// Package emutest is what the tests of the emulator's services have in common: an
// emulator with a client of its GoPro cloud (Cloud), or of its Google Photos
// (Photos), that knows nothing but HTTP.
package emutest
