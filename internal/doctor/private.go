package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/gondola-sync/gondola/internal/human"
)

// others are the permissions of everybody but the owner.
const others fs.FileMode = 0o077

// Private checks that only the owner can read the files that hold secrets
// and the state, whose sessions hold upload addresses: a directory or the file
// of a database; "" for none. Those that are not there are passed over.
func Private(secrets []string, statePath string) Check {
	// Looked at before any check runs: the one of the Google login may write its
	// file anew, which makes it private.
	files := privateFiles(secrets)
	return Check{"privacy", func(ctx context.Context) []Finding {
		if runtime.GOOS == "windows" {
			return []Finding{{Level: OK, What: "who may read files is left to the user profile on Windows"}}
		}
		return append(files, privateState(ctx, statePath)...)
	}}
}

func privateFiles(secrets []string) (findings []Finding) {
	private := 0
	for _, path := range secrets {
		switch f := privateFile(path); {
		case f == nil:
		case f.Level == OK:
			private++
		default:
			findings = append(findings, *f)
		}
	}
	if private > 0 {
		findings = append(findings, Finding{Level: OK, What: human.Count(private, "file") + " with credentials readable by you alone"})
	}
	return findings
}

// privateFile judges a file that holds a secret; nil if it is not there.
func privateFile(path string) *Finding {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return &Finding{Level: Problem, What: fmt.Sprintf("%s cannot be looked at: %v", path, bare(err)),
			Why: "credentials that cannot be read are of no use", Remedy: "ls -ld " + shellWord(path), Credentials: true}
	}
	if mode := info.Mode().Perm(); mode&others != 0 {
		return &Finding{Level: Problem, What: fmt.Sprintf("%s has mode %04o: other users may use what is in it", path, mode),
			Why: "who reads it can act on the account", Remedy: "chmod 600 " + shellWord(path)}
	}
	// Who may write in the directory can put another file in its place.
	if dir, err := os.Stat(filepath.Dir(path)); err == nil && dir.Mode().Perm()&0o022 != 0 && dir.Mode()&fs.ModeSticky == 0 {
		return &Finding{Level: Warning, What: fmt.Sprintf("%s, where %s is, has mode %04o: other users may replace the file",
			filepath.Dir(path), filepath.Base(path), dir.Mode().Perm()),
			Why: "a client file of another user sends your login elsewhere", Remedy: "chmod go-w " + shellWord(filepath.Dir(path))}
	}
	return &Finding{Level: OK}
}

const whyPrivate = "sessions hold upload addresses, with which others could add to an unfinished upload, and names of your files"

// privateState judges the state. Within a directory that is closed to others,
// the modes of files do not matter.
func privateState(ctx context.Context, dir string) []Finding {
	info, err := os.Stat(dir)
	if err != nil {
		return nil // other checks report it
	}
	if info.Mode().IsRegular() {
		return privateDatabase(dir)
	}
	mode := info.Mode().Perm()
	if mode&others == 0 {
		return []Finding{{Level: OK, What: dir + " is open to you alone"}}
	}
	f := Finding{Level: Warning, What: fmt.Sprintf("%s has mode %04o", dir, mode),
		Why:    whyPrivate,
		Remedy: "chmod -R go= " + shellWord(dir)}
	if n, example := openFiles(ctx, dir); n > 0 {
		f.Level = Problem
		f.What += fmt.Sprintf(": other users may read %s in it, such as %s", human.Count(n, "file"), example)
	}
	return []Finding{f}
}

// privateDatabase judges the file of a database and those that SQLite keeps
// beside it.
func privateDatabase(path string) []Finding {
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + suffix)
		if err != nil {
			continue
		}
		if mode := info.Mode().Perm(); mode&others != 0 {
			return []Finding{{Level: Problem, What: fmt.Sprintf("%s has mode %04o: other users may read the sessions in it", path+suffix, mode),
				Why: whyPrivate, Remedy: "chmod go= " + shellWord(path) + "*"}}
		}
	}
	return []Finding{{Level: OK, What: path + " is open to you alone"}}
}

// openFiles counts files below dir that others can reach and read.
func openFiles(ctx context.Context, dir string) (n int, example string) {
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return nil // what cannot be read here is left out
		}
		info, err := d.Info()
		switch {
		case err != nil:
		case d.IsDir() && path != dir && info.Mode().Perm()&0o011 == 0:
			return fs.SkipDir // only the owner gets in
		case info.Mode().IsRegular() && info.Mode().Perm()&0o044 != 0:
			if n++; n == 1 {
				example = path
			}
		}
		return nil
	})
	return n, example
}
