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

// plantRecorded stores the documents of a file, a line each.
func (d database) plantRecorded(t *testing.T, file string) {
	t.Helper()
	lines, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(lines) {
		var recorded struct {
			Collection string
			Document   bson.D
		}
		if err := bson.UnmarshalExtJSON(line, true, &recorded); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Collection(recorded.Collection).InsertOne(t.Context(), recorded.Document); err != nil {
			t.Fatal(err)
		}
	}
}

// reopener returns what opens a database again and again.
func (d database) reopener(o mongo.Options) func(*testing.T) state.Backend {
	return func(t *testing.T) state.Backend { return open(t, d.at(""), o) }
}

// TestRecorded opens databases with the documents that earlier versions wrote.
func TestRecorded(t *testing.T) {
	t.Parallel()
	for version, file := range map[string]string{"v1": "testdata/v1.jsonl", "v2": "testdata/v1-full.jsonl"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			db := newDatabase(t)
			db.plantRecorded(t, file)
			statetest.Recorded(t, version, db.reopener(mongo.Options{}), db.reopener(mongo.Options{Existing: true}))
		})
	}
}
