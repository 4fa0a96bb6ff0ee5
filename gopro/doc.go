// Package gopro reads media from the GoPro cloud.
//
// A [Client] speaks the HTTP API: one page of the library ([Client.Search]), the
// whole of it with proof of completeness ([Client.Media]), where the bytes of a
// medium are ([Client.Manifest]). A [Source] is a client seen as a station: it
// lists items and opens them at byte offsets.
//
// What the cloud calls a medium is one recording, burst or time-lapse, and may
// consist of several files. [Assets] says which of the many entries of its
// manifest are the originals: the cloud also lists proxies, joined chapters and
// stills, which are never taken unless a height is asked for.
//
// The API is undocumented. The package therefore trusts little: a field of an
// unexpected type counts as absent, a page that is too short is read again, a
// listing that cannot be proven complete fails, and signed addresses are
// resolved just before use, and again when they are refused.
//
// Nothing here writes to the cloud. The access token goes to the API alone,
// never to the CDN, and neither it nor a signed address reaches an error or a
// log.
package gopro
