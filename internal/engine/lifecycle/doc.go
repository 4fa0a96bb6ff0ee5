// Package lifecycle holds the transitions of a session's item: how it fails, how
// its upload is forgotten, how it arrives.
//
// The functions change an item in memory; the caller stores it. Where an item
// stands afterwards is said by [state.Item.Awaits] alone.
package lifecycle
