// Package statetest is the suite that every [state.Backend] passes. It says in
// code what the interface says in words; where a backend may differ, [Harness]
// has a field for it.
package statetest
