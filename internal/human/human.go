package human

import "fmt"

// Size writes a number of bytes: "999 B", "1.50 KiB"; "unknown size" for a
// negative one.
func Size(n int64) string {
	if n < 0 {
		return "unknown size"
	}
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	value, unit := float64(n)/1024, 0
	for value >= 1024 && unit < 4 {
		value /= 1024
		unit++
	}
	return fmt.Sprintf("%.2f %ciB", value, "KMGTP"[unit])
}

// Count writes a number of things: "1 item", "2 items".
func Count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
