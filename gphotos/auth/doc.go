// Package auth gets and keeps the right to use a Google Photos account: OAuth
// 2.0 for an installed app, and the file that holds the tokens.
//
// # Files
//
// A [Client] is the OAuth client of the Google Cloud project, read from
// client_secret.json by [ReadClient]. The authorization and token endpoints
// are those the file names, so that everything can be run against an emulator.
//
// A [Store] is token.json as Google's Python library writes it: Gondola reads
// and writes the same file and keeps members it does not know. Its own facts
// are in one further member, "gondola": the account id that the ledger is kept
// by, when consent was given, and the id of one media item ([Store.SetProbe])
// by which a later login recognizes the account. Token files of
// requests-oauthlib and of Go's oauth2 package can be read as well; the first
// save turns them into the form above.
//
// # Use
//
// [Login] asks for consent, through a browser on this machine
// ([Login.Loopback]) or through one elsewhere ([Login.Paste]). [Tokens] then
// hands out access tokens, refreshing them when needed; [Tokens.Status] says
// what is valid and until when, and [Tokens.Revoke] gives the right back.
//
// Failures are [fault.Error]s: of class Session when only the user can help,
// Transient when trying again may. Neither errors nor logs ever hold a token,
// a code or the client secret.
package auth
