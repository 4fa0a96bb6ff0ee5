// Package verify asks the destination for every item of a session: whether it is
// there under its id, is what was carried, and is ready.
//
// An item that is missing awaits its transfer again, and the ledger forgets it.
// One that another session has carried again since is found by what the ledger
// says.
package verify
