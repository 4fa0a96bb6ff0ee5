// Package mongo keeps sessions in a MongoDB database: q2google's collections,
// both ways.
//
//	sessions         the header; unique by session_id
//	items            one document per item; unique by session_id, file_name
//	batches          one per create call; unique by session_id, batch_index
//	gondola_ledger   what is already at which destination
//	gondola_leases   who runs which session, until when
//	gondola_schema   the version of all this
//
// The first three are q2google's, field by field; Gondola's own fields stand
// under the key "gondola", as in its JSON documents, and in five fields of an
// item that queries need: gondola_awaits, gondola_outcome, gondola_bytes,
// gondola_carried and gondola_captured. q2google ignores and, when it saves, loses
// them. [Open] says how values of JSON and BSON correspond.
//
// A session that q2google wrote last is read as it is, which takes reading all
// of it. The first change that Gondola makes rewrites it once: each item with
// what the stored answers say of it (see [q2google.Read]), finished batches
// under numbers that q2google does not count to, and the header last. q2google
// takes no lock: run one of the two at a time.
//
// No transactions are used. Every change is one document or, for several items,
// one bulk write in an order that may end anywhere; what must not be seen
// before the rest is stored comes last.
package mongo
