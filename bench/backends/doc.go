// Package backends measures what sessions of a size cost in a store. Its test
// does so for each kind of store, with the servers that tests start; the program
// in bench runs it in a process of its own for each store and size.
package backends
