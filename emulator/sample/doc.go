// Package sample makes what an emulated GoPro account holds: libraries of media,
// and photos and videos whose bytes are generated when they are read, so that a
// library of a million files, or a file of a terabyte, costs no memory for them.
//
//	l := sample.Mixed(1) // everything that is known to occur, in small
//	l = append(l, sample.Large(20<<30)...)
//
// Equal seeds make equal libraries, byte for byte.
package sample
