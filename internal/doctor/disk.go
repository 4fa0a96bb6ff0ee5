package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/gondola-sync/gondola/internal/durable"
)

// volume is what a file system says of itself.
type volume struct {
	free    uint64 // bytes that this user may take
	inodes  uint64 // files that may still be made
	counted bool   // it counts files at all
	kind    string // such as "nfs"; "" for one that is nothing special
	network bool
}

// What state needs: a small file per item, and a temporary one for each that is
// being replaced.
const (
	leastBytes  = 8 << 20
	fewBytes    = 256 << 20
	leastInodes = 100
	fewInodes   = 20_000
)

// Disk checks the file system of the state directory: free space, free inodes,
// and whether it is at the other end of a network.
func Disk(dir string) Check {
	return Check{"disk", func(context.Context) []Finding {
		there := existing(dir)
		v, err := volumeOf(there)
		if errors.Is(err, errors.ErrUnsupported) {
			return []Finding{{Level: Note, What: "free space is unknown on " + runtime.GOOS}}
		}
		if err != nil {
			return []Finding{{Level: Problem, What: fmt.Sprintf("free space of %s is unknown: %v", there, err),
				Why: "state that cannot be written stops a run", Remedy: stateElsewhere}}
		}
		return judgeVolume(there, v)
	}}
}

const stateElsewhere = "choose another place with --state"

func judgeVolume(dir string, v volume) []Finding {
	space := Finding{Level: OK, What: fmt.Sprintf("%s free for state in %s", bytesOf(v.free), dir)}
	if v.counted {
		space.What += fmt.Sprintf(", room for %d files", v.inodes)
	}
	switch {
	case v.free < leastBytes || v.counted && v.inodes < leastInodes:
		space.Level, space.Why = Problem, "the run stops as soon as state cannot be written; what is achieved stays saved"
	case v.free < fewBytes || v.counted && v.inodes < fewInodes:
		space.Level, space.Why = Warning, "each item of a session takes a small file of its own"
	}
	if space.Level != OK {
		space.Remedy = "free space there (see: df -h " + shellWord(dir) + "; df -i " + shellWord(dir) + "), or " + stateElsewhere
	}
	findings := []Finding{space}
	if v.network {
		findings = append(findings, Finding{
			Level: Warning, What: fmt.Sprintf("%s is on a network file system (%s)", dir, v.kind),
			Why:    "locks and the promise that what was written survives a crash are only as good as that server keeps them, and each item waits for it",
			Remedy: "keep state on a local disk: --state-dir PATH",
		})
	}
	return findings
}

// Writable checks that files can be made in the state directory, written
// through to the disk and replaced. It leaves nothing behind.
func Writable(dir string) Check {
	return Check{"state directory", func(context.Context) []Finding {
		if full, err := filepath.Abs(dir); err == nil {
			dir = full
		}
		there := existing(dir)
		if err := tryWriting(there); err != nil {
			return []Finding{{
				Level: Problem, What: fmt.Sprintf("%s cannot be written: %v", there, err),
				Why:    "without state a run cannot go on where it stopped, so it does not begin",
				Remedy: "ls -ld " + shellWord(there) + " shows whose it is; make it writable, or " + stateElsewhere,
			}}
		}
		if there != dir {
			return []Finding{{Level: OK, What: fmt.Sprintf("%s is not there yet; the first sync makes it in %s, which is writable", dir, there)}}
		}
		return []Finding{{Level: OK, What: dir + " is writable, and writes reach the disk"}}
	}}
}

// tryWriting does what storing a file of state does.
func tryWriting(dir string) (err error) {
	f, err := os.CreateTemp(dir, "gondola-doctor-*.tmp")
	if err != nil {
		return bare(err)
	}
	name := f.Name()
	defer func() { err = bare(errors.Join(err, os.Remove(name))) }()
	_, err = f.Write(make([]byte, 4<<10))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	renamed := name[:len(name)-len(".tmp")] + "-2.tmp"
	if err := os.Rename(name, renamed); err != nil {
		return err
	}
	name = renamed
	return durable.SyncDir(dir)
}

// existing returns dir, or its nearest ancestor that is there.
func existing(dir string) string {
	if full, err := filepath.Abs(dir); err == nil {
		dir = full
	}
	for {
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) || filepath.Dir(dir) == dir {
			return dir
		}
		dir = filepath.Dir(dir)
	}
}

// bare leaves the path out of an error that is shown beside it.
func bare(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

func bytesOf(n uint64) string {
	const units = "KMGTPE"
	if n < 1<<10 {
		return fmt.Sprintf("%d B", n)
	}
	value, unit := float64(n)/1024, 0
	for value >= 1024 && unit < len(units)-1 {
		value, unit = value/1024, unit+1
	}
	return fmt.Sprintf("%.1f %ciB", value, units[unit])
}
