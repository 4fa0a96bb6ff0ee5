package cli

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/gondola-sync/gondola/emulator"
)

// folderProof sums up the comparison of a folder with the GoPro cloud.
type folderProof struct {
	Type   string `json:"type"`
	Folder string `json:"folder"`
	Files  int    `json:"files"` // that the GoPro cloud holds
	Proved int    `json:"proved"`
	OK     bool   `json:"ok"`
}

// showFolder brings the library to a folder, too, and asks before and after whether
// it is safe to cancel.
func (d *demo) showFolder(ctx context.Context) error {
	d.say("\n6. Is it safe to cancel the GoPro subscription now?")
	if _, err := d.gondola(ctx, "audit"); exitCode(err) != exitMissing {
		return errors.Join(err, errors.New("demo: the audit did not find what Google Photos refuses"))
	}
	d.say("\n7. A folder takes every kind of file:")
	if _, err := d.gondola(ctx, "sync", defaultFrom, d.folder); err != nil {
		return err
	}
	d.say("\n8. The proof: every file is read again, then its SHA256SUMS are compared with what the GoPro cloud holds:")
	if _, err := d.gondola(ctx, "verify", d.folder, "--deep"); err != nil {
		return err
	}
	if err := d.proveFolder(); err != nil {
		return err
	}
	d.say("\n9. Is it safe to cancel now?")
	_, err := d.gondola(ctx, "audit", "--deep")
	return err
}

// proveFolder compares the folder with the GoPro cloud.
func (d *demo) proveFolder() error {
	held, err := checkSums(d.folder)
	if err != nil {
		return fmt.Errorf("%w: %w", errMissing, err)
	}
	proof := judgeFolder(held, d.services.emulator.GoPro.Expected())
	proof.Folder = d.folder
	d.a.print.JSON(proof)
	if !proof.OK {
		return fmt.Errorf("%w: %d of %d files proved to be in the folder", errMissing, proof.Proved, proof.Files)
	}
	fmt.Fprintf(d.a.result(), "Proved: %d of %d files are in the folder exactly once, byte for byte.\n", proof.Proved, proof.Files)
	return nil
}

// judgeFolder finds each expected file by its digest, exactly once, and nothing else.
func judgeFolder(held map[string]int, expected []emulator.Expectation) folderProof {
	proof := folderProof{Type: "folder_proof"}
	strange := 0
	for _, n := range held {
		strange += n
	}
	for _, f := range expected {
		if f.SHA256 == "" { // there is no file
			continue
		}
		proof.Files++
		if held[f.SHA256] > 0 {
			held[f.SHA256]--
			strange--
			proof.Proved++
		}
	}
	proof.OK = proof.Files > 0 && proof.Proved == proof.Files && strange == 0
	return proof
}

// checkSums does what sha256sum -c does, and returns how many files there are of
// each digest.
func checkSums(folder string) (map[string]int, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	list, err := root.Open(".gondola/SHA256SUMS")
	if err != nil {
		return nil, err
	}
	defer list.Close()
	held := map[string]int{}
	lines := bufio.NewScanner(list)
	for lines.Scan() {
		want, path, _ := strings.Cut(lines.Text(), "  ")
		switch sum, err := sumOf(root, path); {
		case err != nil:
			return nil, err
		case sum != want:
			return nil, fmt.Errorf("%s: its SHA-256 is %s, and SHA256SUMS says %s", path, sum, want)
		}
		held[want]++
	}
	return held, lines.Err()
}

func sumOf(root *os.Root, path string) (string, error) {
	f, err := root.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := sha256.New()
	_, err = io.Copy(sum, f)
	return hex.EncodeToString(sum.Sum(nil)), err
}

// demoFolder returns the folder of a demonstration: a new one, an empty one that the
// user names, or one below dir, which is removed at the end.
func demoFolder(named, dir string) (string, error) {
	if named == "" {
		return filepath.Join(dir, "photos"), nil
	}
	path, err := filepath.Abs(named)
	if err != nil {
		return "", err
	}
	switch entries, err := os.ReadDir(path); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return "", err
	case len(entries) > 0:
		return "", usagef("--folder %s is not empty: name a new directory", named)
	}
	return path, nil
}
