// Package station is the contract of the places where media lives.
//
// A [Source] can be listed and opened; a [Destination] can be uploaded to and
// created in. An implementation of either is a station: the GoPro cloud, Google
// Photos, a folder. The engine knows nothing else of them.
//
// # Optional interfaces
//
// What only some stations can do is an interface of its own, which the engine
// finds by type assertion: [Prefetcher], [Relister], [TypeLister], [Qualifier], [Albums], [Filer], [Orderer],
// [Expirer], [Newcomer], [Gated], [Inspector], [Digester], [Recaller], [Locker], [Arranger], [Describer],
// [Annotator], [Forecaster] and
// [Meter]. Their documentation says what the engine does without them.
//
// # Bytes
//
// A destination receives an [Upload]: the item, an [Opener] that opens it at any
// byte offset, and the [Checkpoint] of an earlier attempt. It reports further
// checkpoints as bytes are confirmed and returns a [Receipt]. A [Batch] of
// receipts is what Create registers, with one [Result] each.
package station
