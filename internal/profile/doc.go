// Package profile finds, reads and stores the credentials of accounts by name.
//
// A profile is a named set of credentials of one service: gopro@anna is Anna's
// GoPro account, gphotos@family the family's Google account. It exists if the
// config file has its table, [gopro.anna], or if a login has stored credentials
// for it in its directory, profiles/gopro@anna below the config directory. The
// default profile of a service has no name; its credentials are found as package
// config describes, and never here.
//
// A secret of a profile is in a file, in the system's keyring, or printed by a
// command; the table says which: see [Profile.Token] and [Document].
package profile
