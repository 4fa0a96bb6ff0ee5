// Package resumable uploads to Google's services: in one request, or in a session
// that survives dropped connections and restarts. It also downloads in the same
// manner.
//
// Two protocols are spoken. [MediaUpload] is Google's media upload protocol, that
// of Cloud Storage, Drive, YouTube and others, in its three kinds: [Simple],
// [Multipart] and [Resumable], which continues by "308 Resume Incomplete".
// [XGoogUpload] is the X-Goog-Upload protocol of Google Photos. Both are a
// [Protocol]: one method per request, and no request is repeated by it.
//
// # Uploading
//
// [Upload] is the common case:
//
//	job := resumable.FromReaderAt(file, size)
//	job.Media.ContentType = "video/mp4"
//	result, err := resumable.Upload(ctx, &resumable.MediaUpload{URL: url, Client: client}, job)
//
// An [Uploader] has the settings: the size of chunks, the [Retry] policy, a callback
// for waits. It drives a Protocol from the first byte to the last: it streams each
// chunk from the source into a request, asks the server how much it holds after
// anything that went wrong, goes on from there, begins a lost session anew once, and
// checks the size and the checksum that the final answer names. It never reports
// success for bytes that the server denies.
//
// # Sources
//
// A [Job] has a source and what the server is to know of it. [FromReaderAt] is the best
// source: any part of it can be sent again. [FromReadSeeker] is as good while nothing
// else uses the file. [FromReader] takes what can be read once, of unknown size: the
// chunk that is being sent is kept in memory. For anything else set Job.Open, which
// opens the object at an offset, such as at another server. A source that turns out to
// have fewer or more bytes than its size is an error, and the object is not finished.
//
// # Resuming
//
// Job.Save is called with a [Checkpoint] before the first byte of a session and after
// each chunk that the server confirmed. It is plain data: store it, for example as
// JSON, and set Job.From in another process, or on another day; sessions live for a
// week. Job.Recheck compares what was read before with the source. A checkpoint names
// the session URL, which is a credential: it is all that is needed to finish the upload.
//
// # Errors and retries
//
// A refusal is a [*StatusError], with the status and the beginning of the answer; an
// answer that makes no sense, or contradicts what was sent, is a [*ProtocolError]; other
// bytes at the server are a [*ChecksumError]; a source that cannot be read is a
// [*SourceError]. Everything else comes from the network. Use errors.Is for
// [ErrSessionLost], [ErrContradiction], [ErrRedirect], [ErrSourceChanged],
// [ErrNotRewindable], [ErrGranularity] and the others.
//
// What is worth another attempt is decided by [Judge] or Job.Judge: timeouts, 408, 429
// and 5xx, dropped connections. [Retry] says how often and when; a Retry-After of the
// answer, in seconds or as a date, is the least wait. [Timeouts] end requests in which
// nothing moves.
//
// # Single steps
//
// The methods of a Protocol are the steps: Start, Send, Query, Cancel, and Raw for an
// upload in one request. They check what can be checked before sending and read the
// whole answer. Keep count of [State].Confirmed: it is the offset of the next [Segment].
//
// # Downloading
//
// [Download], and a [Downloader] with settings, fetch an object. What drops is fetched on
// by a range of the same version, and the digest is compared with X-Goog-Hash.
//
// # Concurrency
//
// Uploader, Downloader, MediaUpload and XGoogUpload are safe for concurrent use; fields
// are set before. A Job or a Fetch is used by one call at a time, and its callbacks are
// called by one goroutine at a time.
//
// # Secrets
//
// Session URLs and upload tokens are credentials. No error of this package contains one,
// and the types that hold one hide it when they are printed or logged. A session at
// another host than the upload's, or a redirect to one, is refused unless AllowHost
// accepts it.
package resumable
