//go:build !race

package gphotos_test

const raced = false
