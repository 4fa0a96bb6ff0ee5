package postgres_test

import (
	"context"
	"errors"
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

// One of several workers carries items of a session, a few at a time.
func ExampleBackend_Claim() {
	carry := func(ctx context.Context, b *postgres.Backend) error {
		for {
			claim, err := b.Claim(ctx, "holidays", state.Transfer, 4, postgres.ClaimOptions{Worker: "attic"})
			if err != nil || len(claim.Items) == 0 {
				return err
			}
			for _, it := range claim.Items {
				// Carry it here, and renew the claim meanwhile.
				it.Transfer = state.Completed
				if err := claim.Put(ctx, it); err != nil && !errors.Is(err, postgres.ErrClaimLost) {
					return err
				}
			}
		}
	}
	_ = carry
}
