package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gondola-sync/gondola/internal/summary"
	"github.com/gondola-sync/gondola/state"
)

// prove compares what the services hold with what was to be carried, and with
// what the command says of it.
func (s *session) prove(ctx context.Context, l life) error {
	if l.code != 0 {
		return fmt.Errorf("the run that was not killed ended with exit code %d: %s", l.code, l.stderr)
	}
	return errors.Join(s.arrived(), s.filed(), s.accounted(l.summary), s.remembered(ctx), s.tidy())
}

// arrived checks that every file is there once, and nothing else, and that no
// credential went astray.
func (s *session) arrived() error {
	var wrong []error
	if s.ends.target != "" {
		wrong = append(wrong, s.stowed())
	} else {
		wrong = append(wrong, s.cloud.Arrivals().Err())
	}
	for _, leak := range s.cloud.Log.Leaks() {
		wrong = append(wrong, fmt.Errorf("a credential was sent to %s%s", leak.Host, leak.Path))
	}
	return errors.Join(wrong...)
}

// filed checks that everything is in the one album if one was asked for, and
// that there is none otherwise.
func (s *session) filed() error {
	albums := s.cloud.Google.Albums()
	if !s.album {
		if len(albums) > 0 {
			return fmt.Errorf("%d albums that were not asked for", len(albums))
		}
		return nil
	}
	if len(albums) != 1 || albums[0].Title != albumName {
		return fmt.Errorf("there are %d albums, want one", len(albums))
	}
	var ids []string
	for _, item := range s.cloud.Google.Items() {
		ids = append(ids, item.ID)
	}
	members := slices.Clone(albums[0].Items)
	slices.Sort(ids)
	slices.Sort(members)
	if !slices.Equal(ids, members) {
		return fmt.Errorf("the album has %d items, the library %d, and they are not the same", len(members), len(ids))
	}
	return nil
}

// accounted checks the command's own account of the session.
func (s *session) accounted(sum *summary.Line) error {
	i := sum.Items
	switch carried := i.Created + i.AlreadyThere; {
	case sum.Outcome != "complete" || sum.ExitCode != 0:
		return fmt.Errorf("the summary has outcome %s, exit code %d", sum.Outcome, sum.ExitCode)
	case carried != len(s.want) || i.Skipped != s.refuse || i.Total != len(s.want)+s.refuse || i.Failed+i.Pending != 0:
		return fmt.Errorf("the summary counts %+v; %d were to be carried and %d to be skipped", i, len(s.want), s.refuse)
	}
	return nil
}

// remembered checks that the session knows of each file where it is and the
// digest of the bytes that went there.
func (s *session) remembered(ctx context.Context) error {
	items, err := s.stored(ctx)
	if err != nil {
		return err
	}
	there, err := s.held() // destination id to digest
	if err != nil {
		return err
	}
	var wrong []error
	if len(items) != len(s.want)+s.refuse {
		wrong = append(wrong, fmt.Errorf("the session knows of %d files, there are %d", len(items), len(s.want)+s.refuse))
	}
	for _, it := range items {
		switch digest, known := there[it.DestinationID]; {
		case it.Refusal != nil:
		case it.Transfer != state.Completed || it.Create != state.Completed || it.Receipt != nil || it.Checkpoint != nil:
			wrong = append(wrong, fmt.Errorf("%s is stored as transfer %s, create %s", it.Name, it.Transfer, it.Create))
		case !known:
			wrong = append(wrong, fmt.Errorf("%s is stored under an id that the library does not know", it.Name))
		case it.SHA256 != digest || it.Carried != s.want[digest].Size:
			wrong = append(wrong, fmt.Errorf("%s is stored with %d bytes of digest %q, is %q", it.Name, it.Carried, it.SHA256, digest))
		}
	}
	return errors.Join(wrong...)
}

// held returns the digests of what the destination holds, by its ids.
func (s *session) held() (map[string]string, error) {
	if s.ends.target != "" {
		return s.ends.held()
	}
	there := map[string]string{}
	for _, item := range s.cloud.Google.Items() {
		there[item.ID] = item.SHA256
	}
	return there, nil
}

// tidy checks that no interrupted write has left anything behind.
func (s *session) tidy() error {
	return filepath.WalkDir(s.stateDir(), func(path string, _ fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) { // the store is elsewhere
			return nil
		}
		if err == nil && strings.HasSuffix(path, ".tmp") {
			err = fmt.Errorf("%s is left behind", path)
		}
		return err
	})
}

// repeat checks that the same command, run once more, sends nothing.
func (s *session) repeat(ctx context.Context) error {
	before := s.cloud.Log.Count("upload.*") + s.cloud.Log.Count("photos.batchCreate")
	l, err := s.live(ctx, nil, s.args...)
	if err != nil {
		return err
	}
	if l.code != 0 || l.summary.Bytes.Uploaded != 0 {
		return fmt.Errorf("run once more, the command ends with exit code %d and has sent %d bytes: %s", l.code, l.summary.Bytes.Uploaded, l.stderr)
	}
	if now := s.cloud.Log.Count("upload.*") + s.cloud.Log.Count("photos.batchCreate"); now != before {
		return fmt.Errorf("run once more, the command made %d uploads and create calls", now-before)
	}
	return s.arrived()
}
