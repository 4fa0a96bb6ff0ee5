package lease_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/gondola-sync/gondola/state"
	"github.com/gondola-sync/gondola/state/lease"
)

// Two users of one store: the second waits until the first is through.
func Example() {
	ctx := context.Background()
	store := &table{}
	first, second := lease.NewKeeper(store, 0), lease.NewKeeper(store, 0)

	lock, _ := first.Lock(ctx, "holidays")
	_, err := second.Lock(ctx, "holidays")
	_, locked := errors.AsType[*state.LockedError](err)
	fmt.Println("locked:", locked)

	_ = lock.Unlock()
	lock, err = second.Lock(ctx, "holidays")
	fmt.Println("free:", err == nil)
	_ = lock.Unlock()
	// Output:
	// locked: true
	// free: true
}
