package mongo

import (
	"fmt"
	"slices"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/gondola-sync/gondola/state/driver"
)

// TestQueriesHaveAnIndex looks for an index that has what a filter compares with
// one value, then the fields of the order: no item is read that is not asked for,
// and none is sorted.
func TestQueriesHaveAnIndex(t *testing.T) {
	for _, q := range []driver.Query{
		{}, {Next: "transfer"}, {Outcome: "failed"},
		{Order: driver.ByName}, {Order: driver.ByName, Prefix: "GX"},
		{Order: driver.ByCaptured}, {Order: driver.ByCaptured, From: "2026", Until: "2027"},
	} {
		for _, after := range []int64{0, 7} {
			for _, q.Descending = range []bool{false, true} {
				q.After = after
				for _, f := range filters("s", q, cursor{Name: "GX5", Captured: "2026-05"}) {
					if !slices.ContainsFunc(indexes, func(ix index) bool { return ix.serves(f, sorted(q)) }) {
						t.Errorf("%+v: no index for %v, sorted by %v", q, f, sorted(q))
					}
				}
			}
		}
	}
}

// serves reports whether the index begins with the fields that a filter compares
// with one value, then has those of an order, and no other field is bounded.
func (ix index) serves(filter, order bson.D) bool {
	if ix.collection != itemsName {
		return false
	}
	var fields, bounded []string
	for _, e := range filter {
		if bounds, ok := e.Value.(bson.D); ok && bounds[0].Key != "$eq" {
			bounded = append(bounded, e.Key)
			continue
		}
		fields = append(fields, e.Key)
	}
	for _, e := range order {
		if !slices.Contains(fields, e.Key) {
			fields = append(fields, e.Key)
		}
	}
	for _, field := range bounded {
		if !slices.Contains(fields, field) {
			return false
		}
	}
	return len(ix.fields) >= len(fields) && slices.Equal(ix.fields[:len(fields)], fields)
}

// TestFilters splits a page of items by their time at the time of its cursor.
func TestFilters(t *testing.T) {
	at := cursor{Name: "b", Captured: "2026-05"}
	for _, tc := range []struct {
		q    driver.Query
		want []bson.D
	}{
		{driver.Query{Next: "create", Outcome: "failed", After: 3}, []bson.D{
			pairs("session_id", "s", "gondola_awaits", "create", "gondola_outcome", "failed", "gondola.seq", pairs("$gt", int64(3)))}},
		{driver.Query{Order: driver.ByName, Prefix: "a", After: 3, Descending: true}, []bson.D{
			pairs("session_id", "s", "file_name", pairs("$gte", "a", "$lte", "a\U0010FFFF", "$lt", "b"))}},
		{driver.Query{Order: driver.ByCaptured, Until: "2027", After: 3}, []bson.D{
			pairs("session_id", "s", "gondola_captured", pairs("$eq", "2026-05"), "gondola.seq", pairs("$gt", int64(3))),
			pairs("session_id", "s", "gondola_captured", pairs("$gte", "0", "$lte", "2027", "$gt", "2026-05"))}},
	} {
		if got := filters("s", tc.q, at); fmt.Sprint(got) != fmt.Sprint(tc.want) {
			t.Errorf("%+v:\n%v, want\n%v", tc.q, got, tc.want)
		}
	}
}
