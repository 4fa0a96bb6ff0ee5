package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/jsondir"
)

func newSessionsImport(a *app) *cobra.Command {
	var where stateFlags
	cmd := &cobra.Command{
		Use:   "import PATH",
		Short: "Take over sessions of q2google, or of another directory",
		Long: `Take over sessions into the current backend. PATH is a directory of sessions,
such as q2google's .q2google_sessions; one session's directory; or the single
file in which early versions of q2google kept a session. What is there is read,
never changed, and the copy is compared with it. What the session carried enters
the ledger, so that no other session carries it again.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withBackend(cmd.Context(), where, func(b state.Backend) error { return a.importSessions(cmd.Context(), b, args[0]) })
		},
	}
	where.add(cmd)
	return cmd
}

func (a *app) importSessions(ctx context.Context, to state.Backend, path string) error {
	root, only, err := sessionsAt(path)
	if err != nil {
		return err
	}
	from, err := jsondir.Open(root, jsondir.Options{Logger: a.log})
	if err != nil {
		return err
	}
	defer from.Close()
	found := 0
	var failures []error
	for s, err := range from.Sessions(ctx) {
		if s != nil && only != "" && s.ID != only {
			continue
		}
		found++
		if err == nil {
			err = a.importSession(ctx, from, to, s)
		}
		if err != nil {
			failures = append(failures, fmt.Errorf("import %s: %w", path, err))
		}
	}
	if found == 0 {
		return fmt.Errorf("import %s: no session is there", path)
	}
	return errors.Join(failures...)
}

// sessionsAt returns the directory of sessions that path means, and the id of
// the only session that is meant, or "" for all.
func sessionsAt(path string) (root, only string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", "", fmt.Errorf("import: %w", err)
	}
	document := path
	if info.IsDir() {
		document = filepath.Join(path, "meta.json")
		if _, err := os.Stat(document); err != nil {
			return path, "", nil
		}
	}
	data, err := os.ReadFile(document)
	if err != nil {
		return "", "", fmt.Errorf("import: %w", err)
	}
	var meta struct {
		ID string `json:"session_id"`
	}
	if err := json.Unmarshal(data, &meta); err != nil || meta.ID == "" {
		return "", "", fmt.Errorf("import %s: it is no session", path)
	}
	absolute, err := filepath.Abs(path)
	return filepath.Dir(absolute), meta.ID, err
}

// importSession copies one session and proves the copy.
func (a *app) importSession(ctx context.Context, from, to state.Backend, s *state.Session) error {
	lock, err := to.Lock(ctx, s.ID)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Unlock() }()
	if _, err := to.Session(ctx, s.ID); err == nil {
		return fmt.Errorf("session %s is here already; gondola sessions rm %s would make room", s.ID, quoted(s.ID))
	} else if !errors.Is(err, state.ErrNotFound) {
		return err
	}
	batches, err := copySession(ctx, from, to, s)
	var counts state.Counts
	if err == nil {
		counts, err = compareSession(ctx, from, to, s.ID, batches)
	}
	if err == nil {
		err = enterLedger(ctx, from, to, s)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("session %s: %w", s.ID, err), to.DeleteSession(context.WithoutCancel(ctx), s.ID))
	}
	line := newSessionLine(s, counts)
	if a.format == formatJSON {
		a.json(line)
	}
	fmt.Fprintf(a.talk(), "Imported session %s: %s, %d batches, compared with the original.\n", s.ID, line.Items, batches)
	if s.Account == "" && line.Items.Created > 0 {
		fmt.Fprintf(a.talk(), "  gondola sync --session-id %s links what it carried to the files it was, so that no other session carries them again.\n", quoted(s.ID))
	}
	return nil
}

// importChunk is how many items are stored at once.
const importChunk = 500

// copySession copies a session; its stages last, so that an import that breaks
// off never looks like a whole session.
func copySession(ctx context.Context, from, to state.Backend, s *state.Session) (batches int, err error) {
	unfinished := *s
	unfinished.Stages = map[state.Stage]state.Status{state.Discovery: state.Pending, state.Transfer: state.Pending, state.Create: state.Pending}
	if err := to.PutSession(ctx, &unfinished); err != nil {
		return 0, err
	}
	var chunk []*state.Item
	for it, err := range from.Items(ctx, s.ID, state.ItemQuery{}) {
		if err != nil {
			return 0, err
		}
		fresh := *it
		fresh.Seq = 0
		if chunk = append(chunk, &fresh); len(chunk) == importChunk {
			if err := to.PutItems(ctx, s.ID, chunk...); err != nil {
				return 0, err
			}
			chunk = nil
		}
	}
	if err := to.PutItems(ctx, s.ID, chunk...); err != nil {
		return 0, err
	}
	for b, err := range from.Batches(ctx, s.ID) {
		if err == nil {
			err = to.PutBatch(ctx, s.ID, b)
		}
		if err != nil {
			return 0, err
		}
		batches++
	}
	whole := *s
	return batches, to.PutSession(ctx, &whole)
}

// compareSession proves that both backends count the same.
func compareSession(ctx context.Context, from, to state.Backend, id string, batches int) (state.Counts, error) {
	want, err := from.Counts(ctx, id)
	if err != nil {
		return state.Counts{}, err
	}
	got, err := to.Counts(ctx, id)
	if err != nil {
		return state.Counts{}, err
	}
	copied := 0
	for _, err := range to.Batches(ctx, id) {
		if err != nil {
			return state.Counts{}, err
		}
		copied++
	}
	if got.Total != want.Total || !maps.Equal(nonZero(got.Outcomes), nonZero(want.Outcomes)) || copied != batches {
		return state.Counts{}, fmt.Errorf("the copy counts %s and %d batches, the original %s and %d",
			countsOf(got), copied, countsOf(want), batches)
	}
	return got, nil
}

func nonZero(outcomes map[state.Outcome]int) map[state.Outcome]int {
	clean := maps.Clone(outcomes)
	maps.DeleteFunc(clean, func(_ state.Outcome, n int) bool { return n == 0 })
	return clean
}
