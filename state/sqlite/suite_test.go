package sqlite_test

import (
	"errors"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/sqlite"
	"github.com/gondola-sync/gondola/state/statetest"
)

func TestSuite(t *testing.T) {
	statetest.Run(t, func(t *testing.T) statetest.Harness {
		path := filepath.Join(t.TempDir(), "gondola.db")
		var changes atomic.Int64
		var opened []*sqlite.Backend
		return statetest.Harness{
			Open: func(t *testing.T) state.Backend {
				b := open(t, path)
				sqlite.Watch(b, func(string) error { changes.Add(1); return nil })
				opened = append(opened, b)
				return b
			},
			Shared: true,
			Break:  breakAt,
			Expire: func(t *testing.T) { must(t, opened[0].Exec("UPDATE leases SET until = since")) },
			Misset: func(t *testing.T) { must(t, opened[0].Exec("UPDATE leases SET until = '2099-01-01T00:00:00.000000Z'")) },
			Left: func(t *testing.T) int {
				b := opened[len(opened)-1]
				return int(b.Number(t, "SELECT (SELECT count(*) FROM items) + (SELECT count(*) FROM batches)"))
			},
			Cost: func() statetest.Cost {
				c := statetest.Cost{Writes: changes.Load()}
				for _, b := range opened {
					c.Bytes += 4096 * int64(b.Written())
				}
				return c
			},
		}
	})
}

var errDead = errors.New("the process is dead")

// breakAt refuses the nth change of the database and all later ones.
func breakAt(b state.Backend, n int) {
	var count atomic.Int64
	sqlite.Watch(b, func(string) error {
		if count.Add(1) >= int64(n) {
			return errDead
		}
		return nil
	})
}
