package regular

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// ErrNotRegular is wrapped by the error for a path that is a directory, FIFO,
// socket or device, or a link to one.
var ErrNotRegular = errors.New("not a regular file")

// ErrTooLarge is wrapped by the error for a file that exceeds its limit.
var ErrTooLarge = errors.New("too large")

// Open opens the regular file at path for reading. It looks before it opens,
// since opening a device may have an effect. Its error is an [*fs.PathError].
func Open(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, notRegular(path, info)
	}
	return checked(os.OpenFile(path, flags, 0))
}

// OpenIn is [Open] for a file below root.
func OpenIn(root *os.Root, name string) (*os.File, error) {
	return checked(root.OpenFile(name, flags, 0))
}

// checked closes a file that is not regular.
func checked(f *os.File, err error) (*os.File, error) {
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = notRegular(f.Name(), info)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Read returns the content of the regular file at path, of at most limit bytes.
// Its error is an [*fs.PathError].
func Read(path string, limit int64) ([]byte, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	return content(f, path, limit)
}

// ReadIn is [Read] for a file below root.
func ReadIn(root *os.Root, name string, limit int64) ([]byte, error) {
	f, err := OpenIn(root, name)
	if err != nil {
		return nil, err
	}
	return content(f, name, limit)
}

// content reads a file and closes it. Most are read in one call of the system.
func content(f *os.File, name string, limit int64) ([]byte, error) {
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	var data bytes.Buffer
	data.Grow(int(min(info.Size(), limit)) + bytes.MinRead)
	n, err := data.ReadFrom(io.LimitReader(f, limit+1))
	if err == nil && n > limit {
		err = tooLarge(name, limit)
	}
	if err != nil {
		return nil, err
	}
	return data.Bytes(), nil
}

func notRegular(name string, info fs.FileInfo) error {
	return &fs.PathError{Op: "open", Path: name, Err: fmt.Errorf("%w: it is %s", ErrNotRegular, kind(info.Mode()))}
}

func tooLarge(name string, limit int64) error {
	return &fs.PathError{Op: "read", Path: name, Err: fmt.Errorf("%w: it is larger than %d bytes", ErrTooLarge, limit)}
}

// kind names what is not a regular file.
func kind(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a directory"
	case mode&fs.ModeNamedPipe != 0:
		return "a FIFO"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeDevice != 0:
		return "a device"
	}
	return "a special file"
}
