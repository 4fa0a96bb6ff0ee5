package postgres_test

import (
	"errors"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/gondola-sync/gondola/internal/pgserver"
	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/lease"
	"github.com/gondola-sync/gondola/state/postgres"
)

// A process that was suspended and does not know yet that another one took its
// session over changes nothing.
func TestTakenOverUnnoticed(t *testing.T) {
	db := pgserver.NewDatabase(t)
	b := open(t, db.URI, postgres.Options{})
	ctx := t.Context()
	if _, err := b.Lock(ctx, "s"); err != nil {
		t.Fatal(err)
	}
	if err := b.PutSession(ctx, &state.Session{ID: "s"}); err != nil {
		t.Fatal(err)
	}
	if err := b.PutItems(ctx, "s", item(1)); err != nil {
		t.Fatal(err)
	}
	pgserver.Exec(t, db.URI, "UPDATE gondola.leases SET token = 'another'")
	for name, err := range map[string]error{
		"PutSession":    b.PutSession(ctx, &state.Session{ID: "s", Account: "changed"}),
		"PutItems":      b.PutItems(ctx, "s", item(1), item(2)),
		"PutBatch":      b.PutBatch(ctx, "s", &state.Batch{Index: 1}),
		"DeleteBatch":   b.DeleteBatch(ctx, "s", 1),
		"DeleteSession": b.DeleteSession(ctx, "s"),
	} {
		if want := lease.Lost("s"); err == nil || err.Error() != want.Error() {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
	other := open(t, db.URI, postgres.Options{})
	if s, err := other.Session(ctx, "s"); err != nil || s.Account != "" {
		t.Errorf("the session is %+v, %v", s, err)
	}
	if counts, err := other.Counts(ctx, "s"); err != nil || counts.Total != 1 {
		t.Errorf("counts %+v, %v", counts, err)
	}
}

func TestDeleteOfALockedSession(t *testing.T) {
	db := pgserver.NewDatabase(t)
	holder, other := open(t, db.URI, postgres.Options{}), open(t, db.URI, postgres.Options{})
	lock, err := holder.Lock(t.Context(), "s")
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.PutSession(t.Context(), &state.Session{ID: "s"}); err != nil {
		t.Fatal(err)
	}
	if _, locked := errors.AsType[*state.LockedError](other.DeleteSession(t.Context(), "s")); !locked {
		t.Error("a session was deleted under who holds it")
	}
	if err := holder.DeleteSession(t.Context(), "s"); err != nil {
		t.Error(err)
	}
	if err := lock.Unlock(); err != nil {
		t.Error(err)
	}
}

func TestHolders(t *testing.T) {
	db := pgserver.NewDatabase(t)
	b := open(t, db.URI, postgres.Options{})
	child := exec.Command(os.Args[0], "-test.run=^$")
	if err := child.Run(); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Lock(t.Context(), "held"); err != nil {
		t.Fatal(err)
	}
	lock, err := b.Lock(t.Context(), "given back")
	if err != nil {
		t.Fatal(err)
	}
	if err := lock.Unlock(); err != nil {
		t.Fatal(err)
	}
	dead := lease.Holder{PID: child.Process.Pid, Machine: lease.Machine()}
	pgserver.Exec(t, db.URI,
		"INSERT INTO gondola.leases VALUES ('run out', 't1', 'elsewhere', 7, 'm', now(), now() - interval '1 second')",
		"INSERT INTO gondola.leases VALUES ('elsewhere', 't2', 'elsewhere', 7, 'm', now(), now() + interval '1 minute')",
		"INSERT INTO gondola.leases SELECT 'died', 't3', 'here', "+strconv.Itoa(dead.PID)+", '"+dead.Machine+"', now(), now() + interval '1 minute'")
	got := map[string]bool{}
	for said, held := range open(t, db.URI, postgres.Options{}).Holders(t.Context()) {
		got[said.Session] = held
		if said.Session == "held" && (said.PID != os.Getpid() || time.Until(said.Until) > time.Hour || said.Since.Location() != time.UTC) {
			t.Errorf("held by %+v", said)
		}
	}
	for session, held := range map[string]bool{"held": true, "elsewhere": true, "run out": false, "died": false} {
		if is, ok := got[session]; !ok || is != held {
			t.Errorf("%s: told %v, held %v; want held %v", session, ok, is, held)
		}
	}
	if len(got) != 4 {
		t.Errorf("told of %v", got)
	}
	lock, err = b.Lock(t.Context(), "died") // taken over at once
	if err != nil {
		t.Fatal(err)
	}
	if err := lock.Unlock(); err != nil {
		t.Error(err)
	}
}
