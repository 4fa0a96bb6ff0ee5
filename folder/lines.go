package folder

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// longestLine bounds what is taken for a line, in bytes.
const longestLine = 1 << 20

// lines calls each for every whole line of a file from an offset on.
func lines(f io.ReaderAt, offset int64, each func(offset int64, line []byte) error) error {
	r := bufio.NewReaderSize(io.NewSectionReader(f, offset, 1<<62), 64<<10)
	for {
		line, err := r.ReadSlice('\n')
		whole := bytes.Clone(line)
		for errors.Is(err, bufio.ErrBufferFull) && len(whole) < longestLine {
			line, err = r.ReadSlice('\n')
			whole = append(whole, line...)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%s, byte %d: %w", manifestFile, offset, err)
		}
		if err := each(offset, whole); err != nil {
			return err
		}
		offset += int64(len(whole))
	}
}

// appendAt writes data at an offset of a file, which ends there then, or after its last
// whole line if the offset is negative, and syncs it.
func appendAt(root *os.Root, name string, offset int64, data []byte) error {
	if len(data) == 0 {
		return nil
	}
	f, err := root.OpenFile(name, os.O_RDWR|os.O_CREATE, filePerm)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if offset < 0 {
		if offset, err = endOfLines(f, info.Size()); err != nil {
			return err
		}
	}
	if info.Size() > offset { // a line that was never finished
		if err := f.Truncate(offset); err != nil {
			return err
		}
	}
	if _, err := f.WriteAt(data, offset); err != nil {
		return errors.Join(err, f.Truncate(offset))
	}
	return errors.Join(f.Sync(), f.Close())
}

// endOfLines returns where the last whole line of a file ends.
func endOfLines(f io.ReaderAt, size int64) (int64, error) {
	for end := size; end > 0; {
		tail := make([]byte, min(end, 4<<10))
		end -= int64(len(tail))
		if _, err := f.ReadAt(tail, end); err != nil {
			return 0, err
		}
		if i := bytes.LastIndexByte(tail, '\n'); i >= 0 {
			return end + int64(i) + 1, nil
		}
	}
	return 0, nil
}
