package mongo

import (
	"bytes"
	"os"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/mongo"
	"github.com/gondola-sync/gondola/state/statetest"
)

// TestRecorded opens a database with the documents that the first version wrote.
func TestRecorded(t *testing.T) {
	t.Parallel()
	lines, err := os.ReadFile("testdata/v1.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	db := newDatabase(t)
	for line := range bytes.Lines(lines) {
		var recorded struct {
			Collection string
			Document   bson.D
		}
		if err := bson.UnmarshalExtJSON(line, true, &recorded); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Collection(recorded.Collection).InsertOne(t.Context(), recorded.Document); err != nil {
			t.Fatal(err)
		}
	}
	opener := func(o mongo.Options) func(*testing.T) state.Backend {
		return func(t *testing.T) state.Backend { return open(t, db.at(""), o) }
	}
	statetest.Recorded(t, opener(mongo.Options{}), opener(mongo.Options{Existing: true}))
}
