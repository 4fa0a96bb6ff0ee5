//go:build !race

package gopro_test

const raced = false
