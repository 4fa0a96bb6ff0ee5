package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gondola-sync/gondola/internal/cli/render"
	"github.com/gondola-sync/gondola/internal/human"
	"github.com/gondola-sync/gondola/internal/observe"
	"github.com/gondola-sync/gondola/state"
)

func newSessions(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sessions",
		Short: "List, show, remove and copy sessions",
		Args:  cobra.ArbitraryArgs,
		RunE:  a.group,
	}
	cmd.AddCommand(newSessionsList(a), newSessionsShow(a), newSessionsRemove(a),
		newSessionsImport(a), newSessionsExport(a), newSessionsCopy(a))
	return cmd
}

func newSessionsList(a *app) *cobra.Command {
	var where stateFlags
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the sessions, the most recently used first",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withBackend(cmd.Context(), where, func(b state.Backend) error { return a.listSessions(cmd.Context(), b, where) })
		},
	}
	where.add(cmd)
	return cmd
}

func (a *app) listSessions(ctx context.Context, backend state.Backend, where stateFlags) error {
	table := a.print.Rows(sessionTable)
	rows := 0
	var broken error
	held := maps.Collect(observe.Held(ctx, backend))
	for s, err := range backend.Sessions(ctx) {
		var v *sessionView
		if err == nil {
			v, err = a.view(ctx, backend, s, held[s.ID])
		}
		if err != nil && (s == nil || ctx.Err() != nil) {
			return err
		}
		if err != nil {
			a.complain(fmt.Errorf("session %s cannot be read: %w", cell(s.ID), err))
			broken = errors.New("some sessions cannot be read; gondola doctor says more")
			continue
		}
		rows++
		table.Add(v)
	}
	if rows == 0 && broken == nil {
		uri, _ := where.where(a) // it was opened
		fmt.Fprintf(a.talk(), "No sessions yet in %s. gondola sync%s begins one.\n", placeOf(uri), a.onStore)
	}
	return errors.Join(table.Close(), broken)
}

// sessionTable is the table of sessions.
var sessionTable = render.Table{
	TSV: []string{"session_id", "updated_at", "discovery", "transfer", "create",
		"total", "created", "already_there", "skipped", "failed", "pending"},
	Titles: []string{"SESSION", "WINDOW", "DONE", "SKIPPED", "FAILED", "PENDING", "LAST USED"},
}

// Cells implements [render.Row].
func (v *sessionView) Cells() []any {
	c := v.Items
	return []any{
		v.SessionID, v.UpdatedAt.Format(time.RFC3339),
		v.Stages[state.Discovery], v.Stages[state.Transfer], v.Stages[state.Create],
		c.Total, c.Created, c.AlreadyThere, c.Skipped, c.Failed, c.Pending,
	}
}

// Texts implements [render.Row].
func (v *sessionView) Texts() []any {
	c := v.Items
	used := human.Minute(v.UpdatedAt)
	switch {
	case v.Copying:
		used = "not whole: being copied"
	case v.run != nil:
		used = runText(v.run, v.now)
	}
	done := fmt.Sprintf("%d of %d", c.Created+c.AlreadyThere, c.Total)
	return []any{v.SessionID, v.windowText(), done, c.Skipped, c.Failed, c.Pending, used}
}

// session returns a session's header, or says that there is none.
func (a *app) session(ctx context.Context, backend state.Backend, id string) (*state.Session, error) {
	s, err := backend.Session(ctx, id)
	if errors.Is(err, state.ErrNotFound) {
		return nil, a.errNoSession(id)
	}
	return s, err
}

func (a *app) errNoSession(id string) error {
	return fmt.Errorf("there is no session %q in %s; gondola sessions list%s shows those there are", id, a.store, a.onStore)
}

func newSessionsRemove(a *app) *cobra.Command {
	var where stateFlags
	var yes bool
	cmd := &cobra.Command{
		Use:   "rm SESSION...",
		Short: "Forget sessions; what they carried stays where it is",
		Long: `Forget sessions: their items, batches and checkpoints. What they carried stays
at the destination, and the ledger still knows it, so that no later session
carries it again.`,
		Example:           "  gondola sessions rm gopro-gphotos-20260101-20260131",
		Args:              arguments(1, anyNumber),
		ValidArgsFunction: a.completeSessions,
		RunE: func(cmd *cobra.Command, ids []string) error {
			return a.withBackend(cmd.Context(), where, func(b state.Backend) error { return a.removeSessions(cmd.Context(), b, ids, yes) })
		},
	}
	where.add(cmd)
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}

func (a *app) removeSessions(ctx context.Context, backend state.Backend, ids []string, yes bool) error {
	ids, err := a.removable(ctx, backend, ids)
	if err != nil || len(ids) == 0 {
		return err
	}
	if !yes {
		if err := a.confirm(ctx, "Forget "+strings.Join(ids, ", ")+"?"); err != nil {
			return err
		}
	}
	for _, id := range ids {
		lock, err := backend.Lock(ctx, id)
		if err != nil {
			return err
		}
		if err := errors.Join(backend.DeleteSession(ctx, id), lock.Unlock()); err != nil {
			return err
		}
		a.forgot(id)
	}
	return nil
}

// removable returns the sessions that are there, also those that cannot be read.
// What an interrupted removal has left of others it removes: that was agreed to.
func (a *app) removable(ctx context.Context, backend state.Backend, ids []string) (there []string, err error) {
	for _, id := range ids {
		if _, err := backend.Session(ctx, id); !errors.Is(err, state.ErrNotFound) {
			there = append(there, id)
			continue
		}
		switch err := backend.DeleteSession(ctx, id); {
		case errors.Is(err, state.ErrNotFound):
			return nil, a.errNoSession(id)
		case err != nil:
			return nil, err
		}
		a.forgot(id)
	}
	return there, nil
}

func (a *app) forgot(id string) {
	a.print.JSON(map[string]string{"type": "removed", "session_id": id})
	fmt.Fprintf(a.talk(), "Forgot session %s.\n", cell(id))
}

// confirm asks on a terminal; elsewhere there is no answer.
func (a *app) confirm(ctx context.Context, question string) error {
	if !isTerminal(a.stdin) {
		return usagef("%s Without a terminal there is no answer: give --yes", question)
	}
	fmt.Fprintf(a.screen, "%s [y/N] ", cell(question))
	answer, err := a.readLine(ctx)
	if err != nil {
		return err
	}
	if answer = strings.ToLower(answer); answer != "y" && answer != "yes" {
		return errors.New("nothing was done")
	}
	return nil
}

// readLine reads a line from standard input, or until ctx ends. The reading
// itself cannot be stopped: it ends with the process.
func (a *app) readLine(ctx context.Context) (string, error) {
	type answer struct {
		line string
		err  error
	}
	read := make(chan answer, 1)
	go func() {
		scanner := bufio.NewScanner(a.stdin)
		scanner.Scan()
		read <- answer{strings.TrimSpace(scanner.Text()), scanner.Err()}
	}()
	select {
	case got := <-read:
		return got.line, got.err
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}
