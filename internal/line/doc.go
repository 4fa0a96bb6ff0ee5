// Package line simulates an internet line on loopback: so many bytes a second
// and so long a way in each direction, shared by all connections.
//
//	home := line.New(line.Options{
//		Down: line.Leg{Rate: 25e6, Delay: 25 * time.Millisecond},
//		Up:   line.Leg{Rate: 25e6, Delay: 25 * time.Millisecond},
//	})
//	defer home.Close()
//	address, err := home.Forward("127.0.0.1:8080") // connect there instead
//
// A direction is a bottleneck with a router's queue in front and a way behind
// it. Bytes leave the bottleneck one after the other at its rate, whosever they
// are, and arrive after its delay. Connections take turns, packet by packet.
// When the queue is full, nothing more is read from those who send, so that TCP
// holds them back as it does everywhere.
//
// The times are computed and not slept, so the rate holds however late a busy
// machine wakes the simulator, as long as that is sooner than the queue takes to
// drain. Over a transfer of a second and more it is off by less than a percent.
//
// What it does not do: lose, reorder or damage packets, and the slow start of
// TCP. A connection has the whole line at once, which flatters a client
// that opens many or lets them idle.
package line
