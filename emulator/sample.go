package emulator

import "io"

// Content is bytes of a known size that can be read at any offset. It is safe
// for concurrent use.
type Content interface {
	io.ReaderAt
	Size() int64 // bytes
}
