// Package audit finds what a source holds and no destination does.
//
// The source is listed to its proven end. For each item, the ledger, the sessions
// of the store and the destinations' own records name the places that may hold it.
// An item is safe if one of these places, asked now, holds it as it was carried. A
// place that cannot be asked makes the items that it may hold unknown; every other
// item is at risk.
//
// Places that keep a record of their own are asked first, since that costs no
// request. Other places are asked for what is not found there.
package audit
