//go:build race

package faultmatrix

// every is which rows run: the race detector makes each several times as dear.
const every = 13
