//go:build unix

package regular

import (
	"os"
	"syscall"
)

// flags keep an open from waiting for the other end of a FIFO, and from making
// a terminal the controlling one.
const flags = os.O_RDONLY | syscall.O_NONBLOCK | syscall.O_NOCTTY
