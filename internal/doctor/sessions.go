package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path/filepath"
	"strings"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/internal/human"
	"github.com/gondola-sync/gondola/state"
)

// Sessions checks that every stored session can be read to its last item and is
// of a form that this version knows.
func Sessions(open Open) Check {
	return Check{"sessions", func(ctx context.Context) []Finding {
		return withBackend(ctx, open, func(b state.Backend) []Finding { return readAll(ctx, b) })
	}}
}

func readAll(ctx context.Context, b state.Backend) (findings []Finding) {
	sessions, items := 0, 0
	for s, err := range b.Sessions(ctx) {
		if err == nil && s.SchemaVersion > state.SchemaVersion {
			findings = append(findings, newer(s))
			continue
		}
		var counts state.Counts
		if err == nil {
			counts, err = b.Counts(ctx, s.ID)
		}
		switch {
		case ctx.Err() != nil:
			return append(findings, Finding{Level: Note,
				What: fmt.Sprintf("%s with %s read; there was no time for more", human.Count(sessions, "session"), human.Count(items, "item"))})
		case err != nil && s == nil:
			return append(findings, unreadable("the list of sessions", err))
		case err != nil:
			findings = append(findings, unreadable("session "+s.ID, err))
		case s.Copying:
			findings = append(findings, unfinished(s))
		default:
			sessions, items = sessions+1, items+counts.Total
		}
	}
	findings = append(findings, strays(ctx, b)...)
	return append(findings, Finding{Level: OK, What: fmt.Sprintf("%s with %s can be read", human.Count(sessions, "session"), human.Count(items, "item"))})
}

// straying is a backend that can tell what lies among its records and is none:
// paths, and why each is left alone.
type straying interface {
	Strays(ctx context.Context) iter.Seq2[string, string]
}

const mostStrays = 10 // that are named

func strays(ctx context.Context, b state.Backend) (findings []Finding) {
	s, ok := b.(straying)
	if !ok {
		return nil
	}
	more := 0
	for path, why := range s.Strays(ctx) {
		if len(findings) == mostStrays {
			more++
			continue
		}
		findings = append(findings, Finding{
			Level: Note, What: fmt.Sprintf("%s is not read: %s", path, why),
			Why:    "Gondola reads only documents under their own names, and leaves everything else alone",
			Remedy: "look at it, then remove it or keep it elsewhere: ls -ld " + shellWord(path),
		})
	}
	if more > 0 {
		findings = append(findings, Finding{Level: Note, What: fmt.Sprintf("%s more are not read", human.Count(more, "file")),
			Why: "they are of the kinds named above", Remedy: "see to those named above, then run gondola doctor again"})
	}
	return findings
}

func newer(s *state.Session) Finding {
	return Finding{
		Level:  Problem,
		What:   fmt.Sprintf("session %s has schema version %d; this gondola knows version %d", s.ID, s.SchemaVersion, state.SchemaVersion),
		Why:    "a newer gondola wrote it, and this one may misread or lose what that one needs",
		Remedy: "run the newer gondola on it; gondola version shows which this is",
	}
}

func unfinished(s *state.Session) Finding {
	return Finding{
		Level:  Note,
		What:   fmt.Sprintf("session %s is being copied here, or its copying broke off", s.ID),
		Why:    "it cannot be run before it is whole",
		Remedy: "copy it again, which begins anew, or: gondola sessions rm " + shellWord(s.ID),
	}
}

func unreadable(what string, err error) Finding {
	return Finding{Level: Problem, What: fmt.Sprintf("%s cannot be read: %v", what, err),
		Why: "a run of it cannot go on where it stopped", Remedy: remedyOf(err)}
}

// remedyOf is the next step that an error of the store names, or a copy.
func remedyOf(err error) string {
	return cmp.Or(fault.HintOf(err),
		"restore the state from a copy, or remove the session (gondola sessions rm) and sync again: what is at the destination is found there")
}

// holding is a backend that can tell who holds which session without taking it.
type holding interface {
	Holders(ctx context.Context) iter.Seq2[*state.LockedError, bool]
}

// Locks says which sessions are being run, by whom, and which locks were left
// behind.
func Locks(open Open) Check {
	return Check{"locks", func(ctx context.Context) []Finding {
		return withBackend(ctx, open, func(b state.Backend) (findings []Finding) {
			if b, ok := b.(holding); ok {
				for who, held := range b.Holders(ctx) {
					findings = append(findings, holder(who, held))
				}
			}
			if len(findings) == 0 {
				return []Finding{{Level: OK, What: "no session is locked"}}
			}
			return findings
		})
	}}
}

func holder(l *state.LockedError, held bool) Finding {
	who := fmt.Sprintf("process %d on %s since %s", l.PID, l.Host, human.Time(l.Since))
	switch {
	case state.IsAccountLock(l.Session) && held:
		return Finding{Level: OK, What: "an account is being written to by " + who}
	case state.IsAccountLock(l.Session):
		return Finding{Level: OK, What: fmt.Sprintf("an account was being written to by %s, which is gone; the next run takes its turn over", who)}
	case held:
		return Finding{Level: Note, What: fmt.Sprintf("session %s is being run by %s", l.Session, who),
			Why: "a second run of it is refused with exit code 6", Remedy: fmt.Sprintf("wait until it has ended, or end it on %s: kill -INT %d", l.Host, l.PID)}
	}
	return Finding{Level: Note, What: fmt.Sprintf("session %s was locked by %s, which is gone", l.Session, who),
		Why: "it ended without saying so, as by a power cut; the next run takes the lock over", Remedy: "run the command again that was running it"}
}

// old is how long an unfinished file must lie about not to be in use.
const old = 10 * time.Minute

// Leftovers looks for what interrupted writes left behind: in the state
// directory, unless it is "", and beside the files that hold credentials.
func Leftovers(stateDir string, secrets []string, now time.Time) Check {
	return Check{"leftovers", func(ctx context.Context) (findings []Finding) {
		if files := oldFiles(ctx, stateDir, now, func(name string) bool {
			return strings.HasPrefix(name, "gondola-") && strings.HasSuffix(name, ".tmp")
		}); len(files) > 0 {
			findings = append(findings, Finding{Level: Note, What: fmt.Sprintf("%s in %s left by interrupted writes, such as %s", human.Count(len(files), "temporary file"), stateDir, files[0]),
				Why: "they take a little space; the next run of their session removes them", Remedy: "find " + shellWord(stateDir) + " -name 'gondola-*.tmp' -mmin +10 -delete"})
		}
		for _, path := range leftSecrets(secrets, now) {
			findings = append(findings, Finding{Level: Warning, What: path + " was left by an interrupted write",
				Why: "it may hold credentials and is never renewed or removed", Remedy: "rm " + shellWord(path)})
		}
		if len(findings) == 0 {
			return []Finding{{Level: OK, What: "nothing was left behind by interrupted writes"}}
		}
		return findings
	}}
}

func oldFiles(ctx context.Context, dir string, now time.Time, is func(name string) bool) (found []string) {
	if dir == "" {
		return nil
	}
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err == nil && d.Type().IsRegular() && is(d.Name()) && isOld(d, now):
			found = append(found, path)
		}
		return nil
	})
	return found
}

func isOld(d fs.DirEntry, now time.Time) bool {
	info, err := d.Info()
	return err == nil && now.Sub(info.ModTime()) > old
}
