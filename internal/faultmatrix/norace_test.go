//go:build !race

package faultmatrix

// every is which rows run: all of them.
const every = 1
