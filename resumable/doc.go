// Package resumable carries bytes to Google's upload services: in one request,
// or in a session that survives dropped connections and restarts.
//
// [XGoogUpload] speaks the X-Goog-Upload protocol, one method per command:
// Start, Upload, Finalize, Query, Cancel, and Raw for an upload in one request.
// Each method sends one request, checks the rules it can check before sending,
// and reads the whole answer, however odd. It never repeats a request: what was
// sent once may have been kept, and sending it again is an error of its own.
//
// [Uploader] drives a [Protocol] from the first byte to the last. It streams
// each segment straight from the source into one request, without a buffer of
// its size; sizes segments by the time they take; asks the server where it
// stands after anything that went wrong, and goes on from there; starts over
// when the session is lost; and hashes what passes. Its [Checkpoint] lets
// another process go on where this one stopped.
//
// Upload URLs are credentials. No error of this package contains one, and the
// types that hold one hide it when they are printed or logged.
package resumable
