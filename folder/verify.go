package folder

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"

	"github.com/gondola-sync/gondola/internal/regular"
)

// Finding is what a verification finds of one file.
type Finding struct {
	Entry  Entry
	State  State
	Reason string // a clause; "" if the file is whole
}

// State is how the disk compares with a line of the manifest.
type State string

// The states.
const (
	Whole   State = "whole"   // it is there, as it was put there
	Missing State = "missing" // it is not there
	Changed State = "changed" // it is there with other bytes, or another time
)

// VerifyOptions say what of a folder to verify. Path is required.
type VerifyOptions struct {
	Path string
	Deep bool                // read every byte again
	Each func(Finding) error // called for each file and each missing sidecar; an error ends the verification
}

// Verify compares the disk with the manifest of a folder, and returns the name of
// its account. Nothing is changed. An error says that the folder could not be read,
// or is none.
func Verify(ctx context.Context, o VerifyOptions) (account string, err error) {
	op := "verify the folder " + o.Path
	root, err := os.OpenRoot(o.Path)
	if err != nil {
		return "", failure(ctx, op, err)
	}
	defer root.Close()
	id, err := readMarker(root)
	if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("%s is not there: nothing was carried into this directory", markerFile)
	}
	if err != nil {
		return "", failure(ctx, op, err)
	}
	var m manifest
	if err := m.refresh(root); err != nil {
		return "", failure(ctx, op, err)
	}
	buffer := make([]byte, 1<<20)
	err = m.each(root, func(e *Entry) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := o.Each(check(ctx, root, e, o.Deep, buffer)); err != nil || e.Sidecar == "" {
			return err
		}
		return checkSidecar(root, e, o.Each)
	})
	return Scheme + ":" + id, failure(ctx, op, err)
}

// check compares one file with its entry.
func check(ctx context.Context, root *os.Root, e *Entry, deep bool, buffer []byte) Finding {
	f := Finding{Entry: *e, State: Whole}
	switch state, err := look(root, e); {
	case err != nil:
		f.State, f.Reason = Missing, "it cannot be looked at: "+err.Error()
	case state == gone:
		f.State, f.Reason = Missing, "it is not there"
	case state == altered:
		f.State, f.Reason = Changed, "its size or its time is not that with which it was put there"
	}
	if !deep || f.State == Missing {
		return f
	}
	switch sum, err := sumOf(ctx, root, e.Path, buffer); {
	case err != nil:
		f.State, f.Reason = Missing, "it cannot be read: "+err.Error()
	case sum != e.SHA256:
		f.State, f.Reason = Changed, "its bytes are not those that were put there"
	default:
		f.State, f.Reason = Whole, "" // only its time was changed
	}
	return f
}

// checkSidecar reports the sidecar of an entry if it is missing. A sidecar may be
// edited: what is in it is not looked at.
func checkSidecar(root *os.Root, e *Entry, each func(Finding) error) error {
	name := e.Sidecar.path(e.Path)
	there, err := exists(root, name)
	if there {
		return nil
	}
	reason := "the sidecar is not there"
	if err != nil {
		reason = "the sidecar cannot be looked at: " + err.Error()
	}
	return each(Finding{
		Entry: Entry{Path: name, Key: e.Key, Name: path.Base(name), Session: e.Session},
		State: Missing, Reason: reason,
	})
}

// sumOf returns the SHA-256 of a file.
func sumOf(ctx context.Context, root *os.Root, name string, buffer []byte) (string, error) {
	f, err := regular.OpenIn(root, name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := sha256.New()
	for {
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		n, err := f.Read(buffer)
		sum.Write(buffer[:n])
		if errors.Is(err, io.EOF) {
			return hex.EncodeToString(sum.Sum(nil)), nil
		}
		if err != nil {
			return "", err
		}
	}
}
