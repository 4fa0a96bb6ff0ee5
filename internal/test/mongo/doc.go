// Package mongo holds no code, only tests: package state/mongo against a real
// server of MongoDB's protocol. It is a module of its own, so that Gondola does
// not depend on that server, FerretDB with SQLite. With GONDOLA_TEST_MONGODB_URI
// the tests run against the server of that URI instead, in databases of their
// own whose names begin with "gondola_test_".
package mongo
