package folder

import (
	"crypto/rand"
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

// claim returns the name of an item's partial file, which is the same in every run:
// an upload that was cut short leaves nothing behind that the next one does not
// replace. While another upload of the item goes on, it is a name of its own.
func (d *Destination) claim(key string) string {
	name := begunName(key)
	if _, busy := d.uploading.LoadOrStore(name, true); !busy {
		return name
	}
	name = strings.ToLower(rand.Text()) + partialSuffix
	d.uploading.Store(name, true)
	return name
}

// begunName is the name of an item's partial file that is not whole.
func begunName(key string) string { return markOf(key, longMark) + partialSuffix }

// wholeName is the name of an item's partial file that is whole: other bytes have
// another name, so that a receipt never stands for them.
func wholeName(key, sum string) string {
	return markOf(key, longMark) + "-" + sum[:16] + partialSuffix
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
