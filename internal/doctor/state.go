package doctor

import (
	"context"
	"errors"
	"fmt"

	"github.com/gondola-sync/gondola/state"
)

// Open opens the store of sessions without making or changing anything. The
// error wraps state.ErrNotFound if there is none yet.
type Open func(ctx context.Context) (state.Backend, error)

// describing is a backend that can say what it is.
type describing interface {
	// Describe returns a phrase such as "PostgreSQL 15.18 at db.example:5432,
	// schema version 1". It asks the store.
	Describe(ctx context.Context) (string, error)
}

// checking is a backend that can look for damage in all of the store.
type checking interface {
	Check(ctx context.Context) error
}

// State checks that the store of sessions can be opened and, where it can tell,
// that it is undamaged. kind says what kind of store it is.
func State(kind string, open Open) Check {
	return Check{"state", func(ctx context.Context) []Finding {
		b, err := open(ctx)
		if errors.Is(err, state.ErrNotFound) {
			return []Finding{{Level: OK, What: kind + ": there is none yet; the first sync makes it"}}
		}
		if err != nil {
			return []Finding{{Level: Problem, What: err.Error(), Why: "without state a run cannot go on where it stopped, so it does not begin",
				Remedy: remedyOf(err)}}
		}
		findings := inspect(ctx, kind, b)
		if err := b.Close(); err != nil {
			findings = append(findings, unreadable("the state", err))
		}
		return findings
	}}
}

func inspect(ctx context.Context, kind string, b state.Backend) []Finding {
	what := kind + " can be opened"
	if d, ok := b.(describing); ok {
		text, err := d.Describe(ctx)
		if err != nil {
			return []Finding{unreadable("the state", err)}
		}
		what = text
	}
	c, ok := b.(checking)
	if !ok {
		return []Finding{{Level: OK, What: what}}
	}
	switch err := c.Check(ctx); {
	case ctx.Err() != nil:
		return []Finding{{Level: Note, What: what + "; there was no time to look for damage in all of it"}}
	case err != nil:
		return []Finding{{
			Level: Problem, What: fmt.Sprintf("%s: %v", what, err), Why: "what is damaged cannot be gone on with",
			Remedy: remedyOf(err),
		}}
	}
	return []Finding{{Level: OK, What: what + "; no damage found"}}
}

// withBackend shows the store to a check. [State] reports
// that it cannot be opened.
func withBackend(ctx context.Context, open Open, use func(state.Backend) []Finding) []Finding {
	b, err := open(ctx)
	switch {
	case errors.Is(err, state.ErrNotFound):
		return []Finding{{Level: OK, What: "nothing is stored yet"}}
	case err != nil:
		return []Finding{{Level: Note, What: "not looked at, since the state cannot be opened"}}
	}
	findings := use(b)
	if err := b.Close(); err != nil {
		findings = append(findings, unreadable("the state", err))
	}
	return findings
}
