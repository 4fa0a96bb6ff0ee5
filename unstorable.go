package gondola

import (
	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state"
)

// unstorable reports whether storing failed for an item that no store can keep,
// and not for the store.
func unstorable(err error) bool { return err != nil && fault.ClassOf(err) == fault.Item }

// save stores what is on the shelf, or item by item what of it can be stored, and
// returns what is new of it.
func (s *shelf) save() (stored []*state.Item, err error) {
	if err := s.run.saveItem(s.marked...); err != nil {
		return nil, err
	}
	if err = s.run.saveItem(s.items...); !unstorable(err) {
		return s.items, err
	}
	for _, it := range s.items {
		switch err := s.run.saveItem(it); {
		case err == nil:
			stored = append(stored, it)
		case !unstorable(err):
			return stored, err
		default:
			if err := s.leave(it.Item, err); err != nil {
				return stored, err
			}
		}
	}
	return stored, nil
}

// leave counts a listed item that cannot be stored as failed: it is in no
// session, so that only this run, and each later one that lists it, tells of it.
func (s *shelf) leave(listed media.Item, why error) error {
	s.left = true
	s.run.unstored.Add(1)
	it := &state.Item{Item: listed, Discovery: state.Failed}
	return s.run.failed(it, state.Discovery, why)
}

// saveFailed stores what is known of a failed item. What came with its upload
// is given up if it is the reason why the item cannot be stored.
func (r *run) saveFailed(it *state.Item) error {
	err := r.saveItem(it)
	if !unstorable(err) {
		return err
	}
	it.Checkpoint, it.Receipt = nil, nil
	return r.saveItem(it)
}
