// Package media describes what Gondola carries and how its parts speak of it.
//
// An [Item] is one file at a source: its identity ([ID]), its facts (name,
// size, MIME type, capture time) and, when it cannot be carried, the reason
// ([Refusal]). A [Window] is a span of capture times.
//
// The package is a leaf: it imports nothing else of Gondola, so that stations,
// state backends and the engine can share its words without knowing each other.
package media
