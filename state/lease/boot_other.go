//go:build !linux && !darwin && !windows && !freebsd

package lease

// boot is not known here.
func boot() string { return "" }
