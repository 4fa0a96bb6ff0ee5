// Package cdn is a content delivery network over a storage in the manner of S3:
// signed URLs that expire, ranges, ETags of multipart uploads, refusals in XML.
package cdn
