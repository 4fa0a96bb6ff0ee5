// Package gphotos speaks the Google Photos Library API v1, and makes it a
// station that Gondola carries to.
//
// [Client] is the API: upload bytes, create media items from them, read them
// back, and keep albums. It retries what may succeed later, asks for a new
// access token when one is refused, and keeps the two rules by which the
// service stays friendly: writes of one account go one at a time, and at a
// pace. Use one Client per account.
//
// [Destination] is the station "gphotos:". It refuses what the service would
// refuse, before the bytes move; uploads in segments that survive dropped lines
// and restarts; and registers batches item by item, whatever the service
// thinks of their neighbours.
//
// The API sees only what was created under the same Google Cloud project, and
// can delete nothing. It gives images and videos back re-encoded: what it holds
// can be counted, but not compared byte for byte.
//
// Failures are [fault.Error]s. Tokens, upload URLs and URL queries never appear
// in them or in logs.
package gphotos
