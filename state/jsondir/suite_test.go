package jsondir_test

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/jsondir"
	"github.com/gondola-sync/gondola/state/statetest"
)

func TestSuite(t *testing.T) {
	statetest.Run(t, func(t *testing.T) statetest.Harness {
		root := t.TempDir()
		meter := &meter{root: root}
		return statetest.Harness{
			Open: func(t *testing.T) state.Backend {
				b := open(t, root)
				jsondir.Watch(b, meter.watch)
				return b
			},
			Break: breakAt,
			Left: func(*testing.T) int {
				left, _ := filepath.Glob(filepath.Join(root, "*", "*", "*.json"))
				return len(left)
			},
			Cost: func() statetest.Cost { return meter.cost },
		}
	})
}

// meter measures what is written while one file is written at a time.
type meter struct {
	root string

	mu   sync.Mutex
	temp string
	cost statetest.Cost
}

func (m *meter) watch(op, name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch op {
	case "append to", "snapshot":
		m.cost.Writes++
	case "write":
		m.temp = filepath.Join(m.root, name)
	case "rename":
		if info, err := os.Stat(m.temp); err == nil {
			m.cost.Writes++
			m.cost.Bytes += info.Size()
		}
	}
	return nil
}

func open(t testing.TB, root string) state.Backend {
	t.Helper()
	b, err := jsondir.Open(root, jsondir.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var errDead = errors.New("the process is dead")

// breakAt refuses the nth change of the disk and all later ones.
func breakAt(b state.Backend, n int) {
	var count atomic.Int64
	jsondir.Watch(b, func(string, string) error {
		if count.Add(1) >= int64(n) {
			return errDead
		}
		return nil
	})
}
