package folder

import (
	"os"
	"path"
	"strings"
	"time"
)

const partialSuffix = ".part"

// isPartial reports whether a name from a checkpoint or a receipt can be that of a
// partial file.
func isPartial(name string) bool {
	return strings.HasSuffix(name, partialSuffix) && !strings.ContainsAny(name, `/\`) && !strings.HasPrefix(name, ".")
}

// abandonedAfter is how long a partial file waits for its upload to go on.
const abandonedAfter = 60 * 24 * time.Hour

// removeOld removes what interrupted writes left behind: temporary files, probes, and
// partial files that no upload has gone on with for long. The folder is locked.
func removeOld(root *os.Root) {
	for dir, isOld := range map[string]func(os.FileInfo) bool{
		ownDir: func(info os.FileInfo) bool { return path.Ext(info.Name()) == ".tmp" },
		partialDir: func(info os.FileInfo) bool {
			return isPartial(info.Name()) && (isLinked(info) || time.Since(info.ModTime()) > abandonedAfter)
		},
	} {
		f, err := root.Open(dir)
		if err != nil {
			continue
		}
		infos, _ := f.Readdir(-1)
		f.Close()
		for _, info := range infos {
			if dir == ownDir && info.IsDir() && strings.HasPrefix(info.Name(), probePrefix) {
				_ = root.RemoveAll(dir + "/" + info.Name())
			}
			if info.Mode().IsRegular() && isOld(info) {
				_ = root.Remove(dir + "/" + info.Name())
			}
		}
	}
}
