// Package stationtest is the suite that every station passes: it says in code
// what the interfaces of package station say in words.
//
// A station's test provides a [Source] or a [Destination], which opens the station
// and does to it what the suite cannot do through its interface: change a file,
// drop a connection, look at what has arrived. What a station cannot have done to
// it is nil there, and the tests that need it are skipped.
//
// Each test runs in a bubble of [testing/synctest], with a harness of its own that
// is made inside it. A station under test therefore does no network I/O: it speaks
// to a service within the process, such as that of package emulator. Waits take no
// time, and a goroutine that is left behind fails the test.
package stationtest
