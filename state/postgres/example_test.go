package postgres_test

import (
	"context"
	"log"
	"time"

	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/postgres"
)

func ExampleOpen() {
	ctx := context.Background()
	open := postgres.Opener(postgres.Options{
		OnWait: func(w fault.Wait) { log.Printf("waiting until %s: %s", w.Until.Format(time.TimeOnly), w.Reason) },
	})
	openers := state.Openers{postgres.Scheme: open, postgres.SchemeAlias: open}
	b, err := openers.Open(ctx, "postgres://gondola@db.example/gondola?sslmode=verify-full")
	if err != nil {
		log.Fatal(err)
	}
	defer b.Close()
	for s, err := range b.Sessions(ctx) {
		log.Println(s.ID, err)
	}
}
