// Package pgserver runs the installed PostgreSQL server for tests: in a
// temporary directory, on a free port of the loopback address, as the user
// postgres if the tests run as root, since the server refuses to run as root.
//
// A test binary shares one server, started when the first test asks for a
// database ([NewDatabase]) and stopped when the tests are through ([Wrap]); each
// test has a database of its own. Tests that stop and start a server have one
// to themselves ([New]).
//
// Where PostgreSQL is not installed, tests are skipped with a word on how to
// install it; they fail instead if GONDOLA_TEST_REQUIRE_SERVERS is 1.
// GONDOLA_TEST_POSTGRES_URI names a running server to take for the shared one:
// the URI of a role that may create databases and roles.
package pgserver
