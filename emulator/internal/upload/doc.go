// Package upload is the upload endpoint of Google Photos: raw uploads, and
// resumable ones in the manner of X-Goog-Upload, strict about offsets, sizes,
// granularity and checksums. What arrives in full gets an upload token.
package upload
