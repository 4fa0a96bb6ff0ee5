package progress_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gondola-sync/gondola/progress"
)

func notice(i int) progress.Event { return progress.Notice{Text: fmt.Sprint(i)} }

func texts(s *progress.Subscription) (all []string) {
	for e := range s.Events() {
		switch e := e.(type) {
		case progress.Notice:
			all = append(all, e.Text)
		case progress.Dropped:
			all = append(all, fmt.Sprintf("%d dropped", e.Events))
		}
	}
	return all
}

func TestSubscribersGetEventsInOrder(t *testing.T) {
	var bus progress.Bus
	first := bus.Subscribe(10, progress.Drop)
	bus.Publish(notice(1))
	second := bus.Subscribe(10, progress.Hold)
	bus.Publish(notice(2))
	bus.Publish(notice(3))
	bus.Close()
	bus.Publish(notice(4))
	if got := texts(first); !slices.Equal(got, []string{"1", "2", "3"}) {
		t.Errorf("first: %q", got)
	}
	if got := texts(second); !slices.Equal(got, []string{"2", "3"}) {
		t.Errorf("second: %q", got)
	}
	if got := texts(bus.Subscribe(10, progress.Drop)); got != nil {
		t.Errorf("after Close: %q", got)
	}
}

// TestDroppedEventsAreCounted fills a buffer, reads part of it and fills it
// again: what is missing is counted where it is missing, up to the end.
func TestDroppedEventsAreCounted(t *testing.T) {
	for size := range 6 {
		var bus progress.Bus
		s := bus.Subscribe(size, progress.Drop)
		room := max(size, 2)
		for i := range room + 3 {
			bus.Publish(notice(i))
		}
		var got []progress.Event
		for e := range s.Events() {
			if got = append(got, e); len(got) == room {
				break
			}
		}
		bus.Publish(notice(100))
		for i := range room {
			bus.Publish(notice(200 + i))
		}
		bus.Close()
		rest := texts(s)
		if rest[0] != "3 dropped" || rest[1] != "100" {
			t.Errorf("size %d: then %q", size, rest)
		}
		dropped := 0
		for _, text := range rest {
			var n int
			if _, err := fmt.Sscanf(text, "%d dropped", &n); err == nil {
				dropped += n
			} else {
				dropped++ // an event, published after the first ones were read
			}
		}
		if want := 3 + 1 + room; dropped != want {
			t.Errorf("size %d: %q stands for %d events, want %d", size, rest, dropped, want)
		}
	}
}

func TestHoldWaitsForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var bus progress.Bus
		s := bus.Subscribe(2, progress.Hold)
		go func() {
			for i := range 100 {
				bus.Publish(notice(i))
			}
			bus.Close()
		}()
		n := 0
		for range s.Events() {
			time.Sleep(time.Second)
			n++
		}
		if n != 100 {
			t.Errorf("%d events, want 100", n)
		}
	})
}

func TestAClosedSubscriptionHoldsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var bus progress.Bus
		s := bus.Subscribe(2, progress.Hold)
		var published sync.WaitGroup
		published.Go(func() {
			for i := range 10 {
				bus.Publish(notice(i))
			}
		})
		synctest.Wait()
		s.Close()
		s.Close()
		published.Wait()
		bus.Close()
	})
}
