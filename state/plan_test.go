package state

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/media"
	"github.com/gondola-sync/gondola/state/driver"
)

func planned(medium, name string, seq int64) *Item {
	it := &Item{Item: media.Item{Name: name}, Seq: seq, Discovery: Completed}
	if medium != "" {
		it.ID = media.ID{Station: "gopro", Medium: medium, Part: 1, Label: "source"}
	}
	return it
}

// planner is a store that only plans.
var planner = &Store{codec: Documents{}, names: anyNames{}}

func TestPlan(t *testing.T) {
	there := func() driver.Found {
		found := driver.Found{Last: 4}
		for _, it := range []*Item{planned("a", "a.jpg", 1), planned("b", "b.jpg", 2), planned("", "legacy.jpg", 3), planned("", "other.jpg", 4)} {
			found.Rows = append(found.Rows, RowOf(it))
		}
		return found
	}
	for _, tc := range []struct {
		name  string
		items []*Item
		want  string // Seq and name of each row, or part of the refusal
	}{
		{"new", []*Item{planned("x", "x.jpg", 0), planned("y", "y.jpg", 7)}, "5 x.jpg, 6 y.jpg"},
		{"changed", []*Item{planned("a", "a.jpg", 99)}, "1 a.jpg"},
		{"renamed", []*Item{planned("a", "new.jpg", 0)}, "1 new.jpg"},
		{"said twice", []*Item{planned("x", "x.jpg", 0), planned("x", "z.jpg", 0)}, "5 z.jpg"},
		{"known by name", []*Item{planned("", "legacy.jpg", 0)}, "3 legacy.jpg"},
		{"known by name, under another one", []*Item{planned("", "new.jpg", 3)}, "5 new.jpg"},
		{"identity by name", []*Item{planned("x", "legacy.jpg", 0)}, "3 legacy.jpg"},
		{"identity by Seq", []*Item{planned("x", "x.jpg", 4)}, "4 x.jpg"},
		{"Seq of an identified item", []*Item{planned("x", "x.jpg", 2)}, "5 x.jpg"},
		{"swapped", []*Item{planned("a", "b.jpg", 0), planned("b", "a.jpg", 0)}, "1 b.jpg, 2 a.jpg"},
		{"chain", []*Item{planned("x", "a.jpg", 0), planned("a", "b.jpg", 0), planned("b", "c.jpg", 0)}, "5 a.jpg, 1 b.jpg, 2 c.jpg"},
		{"taken", []*Item{planned("x", "x.jpg", 0), planned("y", "a.jpg", 0)}, "takes its name"},
		{"taken without identity", []*Item{planned("", "a.jpg", 0)}, "takes its name"},
		{"one name for two", []*Item{planned("x", "x.jpg", 0), planned("y", "x.jpg", 0)}, "takes its name"},
		{"name kept after all", []*Item{planned("x", "a.jpg", 0), planned("a", "n.jpg", 0), planned("a", "a.jpg", 0)}, "takes its name"},
		{"two for one", []*Item{planned("x", "x.jpg", 3), planned("y", "y.jpg", 3)}, "identity to the same"},
		{"no text", []*Item{planned("x", "\xff", 0)}, "UTF-8"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			call := &change{items: tc.items}
			var got []string
			for _, c := range planner.rows([]*change{call}, there()) {
				got = append(got, fmt.Sprint(c.Seq, " ", c.Name))
			}
			if err := call.err; err != nil {
				if fault.CodeOf(err) != fault.State || !strings.Contains(err.Error(), tc.want) || got != nil {
					t.Errorf("add: %v and %q, want %s", err, got, tc.want)
				}
				return
			}
			if strings.Join(got, ", ") != tc.want {
				t.Errorf("add: %s, want %s", strings.Join(got, ", "), tc.want)
			}
		})
	}
}

// TestPlanOfAGroup: what one call has planned counts for the next, and a call that
// is refused leaves nothing.
func TestPlanOfAGroup(t *testing.T) {
	calls := []struct {
		items []*Item
		seqs  string // or a refusal
	}{
		{[]*Item{planned("a", "a.jpg", 0)}, "[5]"},
		{[]*Item{planned("b", "b.jpg", 0), planned("c", "a.jpg", 0)}, "takes its name"},
		{[]*Item{planned("b", "b.jpg", 0), planned("a", "c.jpg", 0)}, "[6 5]"},
		{[]*Item{planned("d", "a.jpg", 0)}, "[7]"},
	}
	var group []*change
	for _, call := range calls {
		group = append(group, &change{items: call.items})
	}
	rows := planner.rows(group, driver.Found{Last: 4})
	for n, call := range calls {
		if got := fmt.Sprint(group[n].seqs, group[n].err); !strings.Contains(got, call.seqs) {
			t.Errorf("add(%s): %s, want %s", call.items[0].Name, got, call.seqs)
		}
	}
	if len(rows) != 3 || rows[0].Name != "c.jpg" || rows[0].Before != nil {
		t.Errorf("writes %+v", rows)
	}
}
