package e2e

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gondola-sync/gondola"
	"github.com/gondola-sync/gondola/emulator"
	"github.com/gondola-sync/gondola/fault"
	"github.com/gondola-sync/gondola/gopro"
	"github.com/gondola-sync/gondola/gphotos"
	"github.com/gondola-sync/gondola/gphotos/auth"
	"github.com/gondola-sync/gondola/internal/pgserver"
	"github.com/gondola-sync/gondola/state/postgres"
	"github.com/gondola-sync/gondola/station"
)

// stations returns both stations as the command opens them.
func (l *line) stations() (station.Source, *gphotos.Destination) {
	l.T.Helper()
	from, err := gopro.NewClient(gopro.Options{BaseURL: l.Server.GoProURL, Token: l.Cloud.GoPro.Token()})
	must(l.T, err)
	source, err := gopro.NewSource(from, gopro.SourceOptions{})
	must(l.T, err)
	client, err := auth.ReadClient(filepath.Join(l.Home, "client_secret.json"))
	must(l.T, err)
	tokens := auth.NewTokens(auth.Config{Client: client, Store: auth.NewStore(filepath.Join(l.Home, "token.json"), nil)})
	photos, err := gphotos.NewClient(gphotos.Options{BaseURL: l.Server.PhotosURL, Tokens: tokens})
	must(l.T, err)
	destination, err := gphotos.NewDestination(photos, gphotos.DestinationOptions{})
	must(l.T, err)
	return source, destination
}

// afterFirst calls do when the first file was transferred.
type afterFirst struct {
	*gphotos.Destination
	once sync.Once
	do   func()
}

func (d *afterFirst) Upload(ctx context.Context, u station.Upload) (station.Receipt, error) {
	receipt, err := d.Destination.Upload(ctx, u)
	d.once.Do(d.do)
	return receipt, err
}

// TestDatabaseIsGoneForGood runs a sync, with less patience than the command
// has, whose database goes away: it stops, says why, and the command goes on
// when the database is back.
func TestDatabaseIsGoneForGood(t *testing.T) {
	t.Parallel()
	l, server := served(t, append(emulator.Large(24*mib), emulator.Many(15, 3)...))
	store := strings.TrimPrefix(l.Env[len(l.Env)-1], "GONDOLA_STATE=")
	waits := make(chan fault.Wait, 1000)
	b, err := postgres.Open(t.Context(), store, postgres.Options{Patience: 5 * time.Second, OnWait: func(w fault.Wait) { waits <- w }})
	must(t, err)
	defer b.Close()
	source, destination := l.stations()
	var stopped time.Time
	after := &afterFirst{Destination: destination, do: func() { // the other files wait until the server is gone
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
		stopped = time.Now()
	}}
	_, err = gondola.Sync(t.Context(), gondola.Options{
		Source: source, Destination: after, Backend: b, SessionID: "january", Transfers: 1,
	})
	took := time.Since(stopped)
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Class != fault.Session || f.Code != fault.State || f.Hint == "" {
		t.Fatalf("without its database the sync ended after %v with %#v", took, err)
	}
	if took > 12*time.Second {
		t.Errorf("the sync went on for %v, want 5 s: the database was waited for more than once", took)
	}
	if len(waits) == 0 {
		t.Error("the wait was not reported")
	}
	must(t, server.Start(t.Context()))
	pgserver.Exec(t, store, "DELETE FROM gondola.leases") // this process lives, and its lease for a minute
	l.SyncUntilDone(1, "--session-id", "january")
	l.WantArrived()
}
