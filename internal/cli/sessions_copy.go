package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/gondola-sync/gondola/fault"
	registry "github.com/gondola-sync/gondola/internal/app"
	"github.com/gondola-sync/gondola/internal/cli/render"
	"github.com/gondola-sync/gondola/internal/sessioncopy"
	"github.com/gondola-sync/gondola/internal/stores"
	"github.com/gondola-sync/gondola/state"
)

const copyText = `

FROM and TO are a PATH, or a URI such as for --state. A PATH is a directory of
sessions, such as q2google's .q2google_sessions, or a SQLite file; to copy from,
also one session's directory, or the single file in which early versions of
q2google kept a session. Without SESSION, all sessions are copied.

Each copy is proved: a SHA-256 over all its documents, read back, has to be that
of the original. Both sessions are locked meanwhile. A copy that broke off is
marked as not whole and made anew by the same command; a session that is there
and differs is never overwritten. What a session has brought to its destination
enters the ledger it is copied to, so that no other session there carries it
again.`

func newSessionsCopy(a *app) *cobra.Command {
	var move bool
	cmd := &cobra.Command{
		Use:   "copy FROM TO [SESSION...]",
		Short: "Copy sessions from one store to another, and prove the copies",
		Long:  "Copy sessions from one store to another." + copyText,
		Example: `  gondola sessions copy jsondir:sessions sqlite:sessions.db
  gondola sessions copy sqlite:sessions.db postgres://db.example/gondola january --move`,
		Args:              arguments(2, anyNumber),
		ValidArgsFunction: a.completeCopy(2, true),
		RunE: func(cmd *cobra.Command, args []string) error {
			a.warnOfPasswords(args[:2], "to make one of the two the store of GONDOLA_STATE and import or export")
			r, err := a.newCopyRequest(args[0], args[1], args[2:])
			if err != nil {
				return err
			}
			r.move = move
			return a.copySessions(cmd.Context(), r)
		},
	}
	addMove(cmd, &move)
	return cmd
}

func newSessionsImport(a *app) *cobra.Command {
	var where stateFlags
	cmd := &cobra.Command{
		Use:   "import FROM [SESSION...]",
		Short: "Copy sessions of q2google, or of another store, into this one",
		Long: `Copy sessions into the current store, which --state names. What is there is read,
not changed; only its lock is taken meanwhile.` + copyText,
		Example: `  gondola sessions import .q2google_sessions
  gondola sessions import mongodb://localhost/q2google january-2026
  gondola sessions import sessions.db --state postgres://db.example/gondola`,
		Args:              arguments(1, anyNumber),
		ValidArgsFunction: a.completeCopy(1, true),
		RunE: func(cmd *cobra.Command, args []string) error {
			a.warnOfPasswords(args[:1], "to make it the store of GONDOLA_STATE and export from it")
			to, err := where.where(a)
			if err != nil {
				return err
			}
			r, err := a.newCopyRequest(args[0], to, args[1:])
			if err != nil {
				return err
			}
			return a.copySessions(cmd.Context(), r)
		},
	}
	where.add(cmd)
	return cmd
}

func newSessionsExport(a *app) *cobra.Command {
	var where stateFlags
	var move bool
	cmd := &cobra.Command{
		Use:   "export TO [SESSION...]",
		Short: "Copy sessions of this store to another one, or to q2google's files",
		Long:  "Copy sessions of the current store, which --state names, to another one." + copyText,
		Example: `  gondola sessions export backup january
  gondola sessions export sqlite:/mnt/usb/sessions.db
  gondola sessions export mongodb://localhost/q2google --move`,
		Args:              arguments(1, anyNumber),
		ValidArgsFunction: a.completeCopy(1, false),
		RunE: func(cmd *cobra.Command, args []string) error {
			a.warnOfPasswords(args[:1], "to make it the store of GONDOLA_STATE and import into it")
			from, err := where.where(a)
			if err != nil {
				return err
			}
			r, err := a.newCopyRequest(from, args[0], args[1:])
			if err != nil {
				return err
			}
			r.move = move
			return a.copySessions(cmd.Context(), r)
		},
	}
	where.add(cmd)
	addMove(cmd, &move)
	return cmd
}

func addMove(cmd *cobra.Command, move *bool) {
	cmd.Flags().BoolVar(move, "move", false, "remove each original once its copy is proved")
}

// copyRequest asks for copies of sessions.
type copyRequest struct {
	from, to string // URIs
	ids      []string
	move     bool
}

func (a *app) newCopyRequest(from, to string, ids []string) (copyRequest, error) {
	r := copyRequest{ids: ids}
	var only string
	var err error
	if from, err = stores.Expand(from, a.sources.Paths); err != nil {
		return r, err
	}
	if to, err = stores.Expand(to, a.sources.Paths); err != nil {
		return r, err
	}
	if r.from, only, err = stores.Source(from); err != nil {
		return r, err
	}
	if only != "" {
		if len(ids) > 0 && (len(ids) > 1 || ids[0] != only) {
			return r, usagef("%s holds session %s and no other", from, only)
		}
		r.ids = []string{only}
	}
	if r.to, err = stores.Target(to); err != nil {
		return r, err
	}
	for _, uri := range []string{r.from, r.to} {
		if err := a.env().CheckStore(uri); err != nil {
			return r, err
		}
	}
	if sameStore(r.from, r.to) {
		return r, usagef("%s: original and copy would be in the same store", state.Redact(r.from))
	}
	return r, nil
}

// copySessions copies what is asked for. A session that cannot be copied does
// not keep the others from it.
func (a *app) copySessions(ctx context.Context, r copyRequest) (err error) {
	from, err := a.env().OpenStore(ctx, r.from, registry.Looking)
	if errors.Is(err, state.ErrNotFound) {
		return fmt.Errorf("%s: there is no store of sessions", placeOf(r.from))
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	ids, err := a.sessionsToCopy(ctx, from, r)
	if err != nil {
		return err
	}
	to, err := a.env().OpenStore(ctx, r.to, registry.Making)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	a.sayOnInterrupt("Stopping. What is copied and proved stays; the same command goes on.")
	report := copyReport{app: a, copyRequest: r}
	var failures []error
	for _, id := range ids {
		if err := report.copy(ctx, from, to, id); err != nil {
			failures = append(failures, ofSession(id, err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	report.finish(len(ids) - len(failures))
	return errors.Join(failures...)
}

// ofSession names the session in an error that does not.
func ofSession(id string, err error) error {
	if _, ok := errors.AsType[*state.LockedError](err); ok {
		return err
	}
	return fmt.Errorf("session %s: %w", id, err)
}

// sessionsToCopy returns the ids that are asked for, or all there are.
func (a *app) sessionsToCopy(ctx context.Context, from state.Backend, r copyRequest) (ids []string, err error) {
	if len(r.ids) > 0 {
		return r.ids, nil
	}
	for s, err := range from.Sessions(ctx) {
		if s == nil {
			return nil, err
		}
		ids = append(ids, s.ID) // copying reports one that cannot be read
	}
	if len(ids) == 0 {
		return nil, fmt.Errorf("%s: no session is there", placeOf(r.from))
	}
	return ids, nil
}

// copyReport reports copies.
type copyReport struct {
	*app
	copyRequest
	rows *render.Rows // of what was copied, once something was
	next time.Time    // when progress is shown
}

// copyLine is a session that is copied, in JSON.
type copyLine struct {
	sessionLine
	Into    string `json:"into"`
	Batches int    `json:"batches"`
	Digest  string `json:"digest"`
	Present bool   `json:"already_copied,omitempty"`
	Removed bool   `json:"original_removed,omitempty"`
}

func (r *copyReport) copy(ctx context.Context, from, to state.Backend, id string) error {
	r.next = r.now().Add(time.Second)
	result, err := sessioncopy.Copy(ctx, from, to, id, sessioncopy.Options{
		Remove: r.move,
		Unlocked: func(err error) {
			fmt.Fprintf(r.talk(), "The original cannot be locked (%s): see that nothing runs it meanwhile.\n", r.redact(err.Error()))
		},
		Progress: func(reading bool, items int) { r.progress(id, reading, items) },
	})
	switch {
	case errors.Is(err, state.ErrNotFound):
		return fmt.Errorf("there is none in %s", placeOf(r.from))
	case errors.Is(err, sessioncopy.ErrSameStore):
		return usagef("%s and %s: %w", placeOf(r.from), placeOf(r.to), err)
	case errors.Is(err, sessioncopy.ErrDiffers):
		return &fault.Error{
			Class: fault.Session, Code: fault.State, Op: "copy into " + placeOf(r.to), Err: err,
			Hint: fmt.Sprintf("look at both; gondola sessions rm %s --state %s would make room", quoted(id), quoted(withoutPassword(r.to))),
		}
	case err != nil:
		return err
	}
	r.tell(result)
	return nil
}

// progress shows after a second, and then every five, how far a copy is.
func (r *copyReport) progress(id string, reading bool, items int) {
	if now := r.now(); !now.Before(r.next) {
		r.next = now.Add(5 * time.Second)
		doing := "copied"
		if reading {
			doing = "read back"
		}
		fmt.Fprintf(r.talk(), "%s: %s %s\n", cell(id), count(items, "item"), doing)
	}
}

func (r *copyReport) tell(c *sessioncopy.Result) {
	line := copyLine{
		sessionLine: newSessionLine(c.Session, c.Counts), Into: state.Redact(r.to),
		Batches: c.Batches, Digest: c.Digest, Present: c.Present, Removed: c.Removed,
	}
	what := "Copied"
	switch {
	case c.Removed:
		what = "Moved"
	case c.Present:
		what = "Already there, and the same:"
	}
	r.copied().Add(line)
	batches := "1 batch"
	if c.Batches != 1 {
		batches = fmt.Sprintf("%d batches", c.Batches)
	}
	fmt.Fprintf(r.talk(), "%s session %s: %s\n  %s and %s, proved by %s\n", what, cell(line.SessionID), line.Items, count(line.Items.Total, "item"), batches, c.Digest)
	if c.Session.Account == "" && line.Items.Created > 0 {
		fmt.Fprintf(r.talk(), "  gondola sync --session-id %s links what it carried to the files it was, so that no other session carries them again.\n", quoted(line.SessionID)+" --state "+quoted(withoutPassword(r.to)))
	}
}

// copied returns the rows of the sessions that were copied; its text is said in
// sentences.
func (r *copyReport) copied() *render.Rows {
	if r.rows == nil {
		r.rows = r.print.Rows(render.Table{TSV: []string{"session_id", "items", "batches", "digest", "into", "result"}, To: io.Discard})
	}
	return r.rows
}

// Cells implements [render.Row].
func (l copyLine) Cells() []any {
	return []any{l.SessionID, l.Items.Total, l.Batches, l.Digest, l.Into, l.result()}
}

// Texts implements [render.Row].
func (l copyLine) Texts() []any { return nil }

func (l copyLine) result() string {
	switch {
	case l.Removed:
		return "moved"
	case l.Present:
		return "already_copied"
	}
	return "copied"
}

// finish says what to heed from now on.
func (r *copyReport) finish(copied int) {
	if copied == 0 || r.move {
		return
	}
	fmt.Fprintf(r.talk(), "The originals stay in %s. Go on with one of the two: neither learns what the other carries, which would be sent twice (Google Photos keeps equal files once).\n",
		placeOf(r.from))
}

// placeOf names a store in messages.
func placeOf(uri string) string { return state.Redact(uri) }

// sameStore reports whether two URIs name one store, as far as can be seen.
func sameStore(a, b string) bool {
	if a == b {
		return true
	}
	x, y := stores.FilesOf(a).Path, stores.FilesOf(b).Path
	if x == "" || y == "" {
		return false
	}
	x, errX := filepath.Abs(x)
	y, errY := filepath.Abs(y)
	return errX == nil && errY == nil && x == y
}
